//! Languages: Tesseract's codes, which requests use, as docling's engines of recognition name them.

use serde::{Deserialize, Serialize};

/// What docling recognises text with. Each names languages in its own way, and docling passes the names on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OcrEngine {
    /// EasyOCR: `en`, `ch_sim`.
    #[default]
    Easyocr,
    /// Tesseract, as a program.
    Tesseract,
    /// Tesseract, as a library.
    Tesserocr,
    /// RapidOCR: `english`, `chinese`.
    Rapidocr,
}

impl OcrEngine {
    /// As docling-serve names it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Easyocr => "easyocr",
            Self::Tesseract => "tesseract",
            Self::Tesserocr => "tesserocr",
            Self::Rapidocr => "rapidocr",
        }
    }

    /// Its name for a language in Tesseract's code; `None` where it has none.
    fn name(self, code: &str) -> Option<&str> {
        match self {
            Self::Easyocr => EASYOCR.iter().find(|(known, _)| *known == code).map(|(_, name)| *name),
            Self::Tesseract | Self::Tesserocr => Some(code),
            Self::Rapidocr => match code {
                "eng" => Some("english"),
                "chi_sim" | "chi_tra" => Some("chinese"),
                _ => None,
            },
        }
    }
}

/// The languages of a request, those that the engine has a name for; the configured ones if there is none.
pub(super) fn of_request(engine: OcrEngine, codes: &[String], configured: &[String]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in codes.iter().filter_map(|code| engine.name(code)) {
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    if names.is_empty() { configured.to_vec() } else { names }
}

/// Tesseract's codes and EasyOCR's.
const EASYOCR: [(&str, &str); 62] = [
    ("afr", "af"),
    ("ara", "ar"),
    ("asm", "as"),
    ("aze", "az"),
    ("bel", "be"),
    ("ben", "bn"),
    ("bos", "bs"),
    ("bul", "bg"),
    ("ces", "cs"),
    ("chi_sim", "ch_sim"),
    ("chi_tra", "ch_tra"),
    ("cym", "cy"),
    ("dan", "da"),
    ("deu", "de"),
    ("eng", "en"),
    ("est", "et"),
    ("fas", "fa"),
    ("fra", "fr"),
    ("gle", "ga"),
    ("hin", "hi"),
    ("hrv", "hr"),
    ("hun", "hu"),
    ("ind", "id"),
    ("isl", "is"),
    ("ita", "it"),
    ("jpn", "ja"),
    ("kan", "kn"),
    ("kor", "ko"),
    ("kur", "ku"),
    ("lat", "la"),
    ("lav", "lv"),
    ("lit", "lt"),
    ("mar", "mr"),
    ("mlt", "mt"),
    ("mon", "mn"),
    ("mri", "mi"),
    ("msa", "ms"),
    ("nep", "ne"),
    ("nld", "nl"),
    ("nor", "no"),
    ("oci", "oc"),
    ("pol", "pl"),
    ("por", "pt"),
    ("ron", "ro"),
    ("rus", "ru"),
    ("slk", "sk"),
    ("slv", "sl"),
    ("spa", "es"),
    ("sqi", "sq"),
    ("srp", "rs_cyrillic"),
    ("srp_latn", "rs_latin"),
    ("swa", "sw"),
    ("swe", "sv"),
    ("tam", "ta"),
    ("tel", "te"),
    ("tgl", "tl"),
    ("tha", "th"),
    ("tur", "tr"),
    ("uig", "ug"),
    ("ukr", "uk"),
    ("urd", "ur"),
    ("vie", "vi"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_engine_has_its_names() {
        let check = |engine: OcrEngine, codes: &[&str], expected: &[&str]| {
            let codes: Vec<String> = codes.iter().map(|code| (*code).to_owned()).collect();
            assert_eq!(of_request(engine, &codes, &["own".to_owned()]), expected, "{engine:?} {codes:?}");
        };
        check(OcrEngine::Easyocr, &["deu", "chi_sim", "deu"], &["de", "ch_sim"]);
        check(OcrEngine::Easyocr, &["ell", "eng"], &["en"]);
        check(OcrEngine::Easyocr, &["ell"], &["own"]);
        check(OcrEngine::Easyocr, &[], &["own"]);
        check(OcrEngine::Tesseract, &["ell", "deu"], &["ell", "deu"]);
        check(OcrEngine::Rapidocr, &["chi_sim", "chi_tra", "deu"], &["chinese"]);
    }
}
