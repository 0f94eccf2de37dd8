//! Languages: Tesseract's codes, which requests use, as MinerU names them.

/// MinerU's name for a language in Tesseract's code; `None` where it has none.
///
/// Since 3.4 `ch` covers Chinese, English, Japanese and languages in Latin letters.
pub(in crate::engine) fn of(code: &str) -> Option<&'static str> {
    Some(match code {
        "chi_sim" | "chi_tra" | "eng" | "jpn" | "deu" | "fra" | "ita" | "spa" | "por" | "nld" | "pol" | "ces"
        | "swe" => "ch",
        "kor" => "korean",
        "tam" => "ta",
        "tel" => "te",
        "kan" => "ka",
        "tha" => "th",
        "ell" => "el",
        "ara" | "fas" | "urd" | "uig" => "arabic",
        "rus" | "bel" | "ukr" => "east_slavic",
        "bul" | "srp" | "mkd" | "mon" => "cyrillic",
        "hin" | "mar" | "nep" | "san" => "devanagari",
        _ => return None,
    })
}

/// The language of a request: of the first code that MinerU knows, else the configured one.
pub(in crate::engine) fn of_request<'a>(codes: &[String], configured: &'a str) -> &'a str {
    codes.iter().find_map(|code| of(code)).unwrap_or(configured)
}
