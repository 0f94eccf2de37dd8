//! Key pairs that were made for these tests and open nothing.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::EncodingKey;

const P256_PKCS8: &str = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgtFuwYQcuzESTp+b5o8WJxHf4KxVG9+4rxhFUv2Y0EoKhRANCAAQv \
     7tQh9FghZMwvbMelCj/9oU5Xz6W46726IU6+H29WqSToOPZXZsspxznDOEid5J1dbBqIuhuOHTTUOuyr0AWM";
const RSA_PKCS1: &str = "MIIEogIBAAKCAQEAtsL5SvHl6ywV6Thrx9+mfD73ih89RbKkrSoiNv+qvIpX7swswBR5InAPEgmIg+5CQSZkP+a/LMXtU0H1Un2S \
     GlrDqVYyPi0PqR3LEtWOKD5TVCJUfR8Ze1t8NSlgNk/jkrYRvajXwf4CSccis8ptUelkoVbq+t7rv4Fm30csF6C2xwqUNHiqF2bD \
     4Bcj4jaqe+IuKL62CzFGcQthI2obdIMmesMmCspkVGxt8fCT3HyASOZVBryaEFrAoG0EzjQxG1pU+CfBfTOgMlfHLp2D1KCyWbV7 \
     jcETb9XXxhlG/uuynN5JWVOfBHRh7Qs2CE2T2x2V8IIjTA4mpd8h5RBqOwIDAQABAoIBAEbACta+9zVHr0HGND8/bslZbOWc+1DQ \
     e9yHW5B0AAoV+j147/f51P0GaWcfpqgAI8jpzlRIhQiVpK6e8ZPaBaXLLkSPGEsmkZHz9SnY3zvoCMUgtxlq4Sf2fgpsdpD/80bX \
     0d1ckA3KweMCwoXcXt6fXfPxXGz6wEO2Gfdkq4aHafjMGNL8kg2ZQYVMn6gD0oMe+m3vhV8NHCq2Vz9S7D9Zc84KWt+waZGU1ZPn \
     FcXOCTT+IIS1YBu60CxP+p7azEBPCzCNLQl+g/nGbXqENsJaaTbFx0ktema01non1ebFijuJxjEKN/62azaxExVkl9tLmdnKfek2 \
     2+yrF0hAXgkCgYEA7y7x7jZIF43RyUFRFeqCVfa+zo75KXXnzQpR48aHqWeM0vz6Tl4edwMbyAPsSzxlsZvV4FV4L8JIa//048YN \
     0vINkl86FERR3ZNiRmVHUUn/1gmsTTyspyXUiFGWj1h8QZGUGUgjn7UbHg6fiMGQT8Mtt4n1RHGWffiLvxOVUOkCgYEAw5x+ujF0 \
     k6AgPw2bFbSg2F9nrifgSShxAFuf/x6TAfVArmGYYP11PTql1dOnXSpkD0zSujJ7UHJ1ZlG2MOp4OHZY/WNzSd/21uo60SHfndpW \
     ExERAWePBCiiMNiE4ExoqSa8W+bngdDLhnHPHZVeEKX+9m1T3hMIJI1jpv7+C4MCgYAuKehl6rIlYajw6BtnWHjJcLNJGM08VFZl \
     +6zsgn/ikWrbuhnxkDbfD4mIJEGyD7ks+3/fKX/l7+Ccf61bXPmEElXOP3TtPnZyhqS8I4YNSXQIcpt/2MsWA7YujVi62AA7g4aL \
     DqJZi9HtDjN6aKmay3gCaa0eBbJfI96NBZGXKQKBgHdDtWikuqU/nimTjBkB1ofWM4rVuUQhqjRDqRuNcqhg9hzcWGHaZ177oRzs \
     PUDqlbNWba0lFlaIUtgdve25J6+VSNDFkAdczE1g5peYBZVjB9P8NdgbYfFxLOKHQQzYyX9IpNOLx185BL5mKZep+H5CF1/8bIQc \
     KnzO0BGDqzUtAoGAYS0a39+KXVFhhf8E6g2E+lPWKIKOmCLhq3ttSkCLDM9fjxTyPggPIcjSKgByqiHv+IobNXe8PaXSetaQbtaa \
     TqnG2wwJpRAniAGxGR2gCgtFCW1fzg0NW0z74xv7AEwArGvSDaBnubb4C3bked2t5TRg6jQt484ppBwwRA7d0Fw=";

fn bytes(text: &str) -> Vec<u8> {
    STANDARD.decode(text.replace(' ', "")).expect("base64")
}

pub fn p256() -> EncodingKey {
    EncodingKey::from_ec_der(&bytes(P256_PKCS8))
}

pub fn rsa() -> EncodingKey {
    EncodingKey::from_rsa_der(&bytes(RSA_PKCS1))
}
