//! One part of a message: its bytes and its name.

use std::borrow::Cow;

use mail_parser::decoders::base64::base64_decode;
use mail_parser::decoders::quoted_printable::quoted_printable_decode;
use mail_parser::{Encoding, Message, MessagePart, MimeHeaders, PartType};

const UTF8_MARK: &[u8] = b"\xEF\xBB\xBF";

/// The bytes of a part, decoded from its transfer encoding.
///
/// Text with a declared charset comes as UTF-8 under a byte order mark, so that nothing it says about itself counts any
/// more. Without one, or when it does not fit, the bytes are left as sent, and whoever reads them finds the encoding.
pub(super) fn bytes<'m>(message: &'m Message<'_>, part: &'m MessagePart<'_>) -> Cow<'m, [u8]> {
    match &part.body {
        PartType::Text(text) | PartType::Html(text) => {
            if is_declared(part) && !text.contains(char::REPLACEMENT_CHARACTER) {
                return [UTF8_MARK, text.as_bytes()].concat().into();
            }
            let sent = sent(message, part);
            let decoded = match part.encoding {
                Encoding::None => Some(Cow::Borrowed(sent)),
                Encoding::Base64 => base64_decode(sent).map(Cow::Owned),
                Encoding::QuotedPrintable => quoted_printable_decode(sent).map(Cow::Owned),
            };
            decoded.unwrap_or(Cow::Borrowed(text.as_bytes()))
        }
        PartType::Binary(bytes) | PartType::InlineBinary(bytes) => Cow::Borrowed(bytes),
        PartType::Message(inner) if part.encoding != Encoding::None => Cow::Borrowed(&inner.raw_message),
        PartType::Message(_) => Cow::Borrowed(sent(message, part)),
        PartType::Multipart(_) => Cow::Borrowed(&[]),
    }
}

/// Name for people: that of the file, or the subject of an attached message, or one made of the type.
pub(super) fn name(part: &MessagePart<'_>) -> String {
    if let Some(name) = part.attachment_name().map(str::trim).filter(|name| !name.is_empty()) {
        return name.to_owned();
    }
    match &part.body {
        PartType::Message(inner) => inner.subject().map_or_else(|| "message".to_owned(), str::to_owned),
        _ => {
            let media_type = media_type(part);
            let kind = media_type.rsplit('/').next().unwrap_or("part");
            format!("unnamed {kind}")
        }
    }
}

/// The declared media type, lower case.
pub(super) fn media_type(part: &MessagePart<'_>) -> String {
    part.content_type()
        .map_or_else(
            || "text/plain".to_owned(),
            |kind| format!("{}/{}", kind.ctype(), kind.subtype().unwrap_or("octet-stream")),
        )
        .to_ascii_lowercase()
}

/// The part as it stands in the message.
fn sent<'m>(message: &'m Message<'_>, part: &MessagePart<'_>) -> &'m [u8] {
    message.raw_message.get(part.offset_body as usize..part.offset_end as usize).unwrap_or_default()
}

/// Whether the charset is declared. Mailers that know no other name say ASCII of anything.
fn is_declared(part: &MessagePart<'_>) -> bool {
    part.content_type()
        .and_then(|kind| kind.attribute("charset"))
        .is_some_and(|charset| !matches!(charset.to_ascii_lowercase().as_str(), "us-ascii" | "ascii" | "unknown-8bit"))
}
