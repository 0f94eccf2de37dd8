//! Numbers, amounts, dates and truth as people write them in several languages. Knows texts only.

pub(crate) mod boolean;
pub(crate) mod date;
pub(crate) mod moment;
pub(crate) mod money;
pub(crate) mod months;
pub(crate) mod number;
mod numerals;

pub(crate) use date::DateOrder;

/// How a language writes numbers and dates. Nothing is assumed where nothing is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Conventions {
    /// The sign before decimals.
    pub(crate) decimal: Option<char>,
    /// The order of day, month and year in dates of numbers.
    pub(crate) order: Option<DateOrder>,
    /// What `¥` means.
    pub(crate) yen_sign: Option<&'static str>,
    /// What `$` means.
    pub(crate) dollar_sign: Option<&'static str>,
}

/// Tags of the languages that are known, with their conventions.
const LOCALES: [(&str, char, DateOrder); 29] = [
    ("en", '.', DateOrder::Mdy),
    ("en-US", '.', DateOrder::Mdy),
    ("en-GB", '.', DateOrder::Dmy),
    ("en-IE", '.', DateOrder::Dmy),
    ("en-AU", '.', DateOrder::Dmy),
    ("en-NZ", '.', DateOrder::Dmy),
    ("en-IN", '.', DateOrder::Dmy),
    ("en-CA", '.', DateOrder::Ymd),
    ("hi", '.', DateOrder::Dmy),
    ("de", ',', DateOrder::Dmy),
    ("de-AT", ',', DateOrder::Dmy),
    ("de-CH", '.', DateOrder::Dmy),
    ("fr", ',', DateOrder::Dmy),
    ("fr-CA", ',', DateOrder::Ymd),
    ("fr-CH", '.', DateOrder::Dmy),
    ("es", ',', DateOrder::Dmy),
    ("es-MX", '.', DateOrder::Dmy),
    ("it", ',', DateOrder::Dmy),
    ("pt", ',', DateOrder::Dmy),
    ("nl", ',', DateOrder::Dmy),
    ("pl", ',', DateOrder::Dmy),
    ("sv", ',', DateOrder::Ymd),
    ("da", ',', DateOrder::Dmy),
    ("fi", ',', DateOrder::Dmy),
    ("cs", ',', DateOrder::Dmy),
    ("tr", ',', DateOrder::Dmy),
    ("zh", '.', DateOrder::Ymd),
    ("ja", '.', DateOrder::Ymd),
    ("ko", '.', DateOrder::Ymd),
];

/// Regions and scripts that write as their language alone does: `de-DE`, `zh-Hans-CN`. Others are not guessed at, since
/// regions of one language differ in signs and in what `$` means.
const AS_THE_LANGUAGE: [(&str, &[&str]); 16] = [
    ("de", &["DE", "LU"]),
    ("fr", &["FR", "BE", "LU"]),
    ("es", &["ES"]),
    ("it", &["IT"]),
    ("pt", &["PT", "BR"]),
    ("nl", &["NL", "BE"]),
    ("pl", &["PL"]),
    ("sv", &["SE", "FI"]),
    ("da", &["DK"]),
    ("fi", &["FI"]),
    ("cs", &["CZ"]),
    ("tr", &["TR"]),
    ("zh", &["Hans", "CN", "Hans-CN", "SG", "Hans-SG"]),
    ("ja", &["JP"]),
    ("ko", &["KR"]),
    ("hi", &["IN"]),
];

/// The tag of [`LOCALES`] that a tag stands for.
fn plain(tag: &str) -> &str {
    let Some((language, rest)) = tag.split_once('-') else { return tag };
    let same = AS_THE_LANGUAGE.iter().any(|(known, rests)| {
        known.eq_ignore_ascii_case(language) && rests.iter().any(|known| known.eq_ignore_ascii_case(rest))
    });
    if same { language } else { tag }
}

impl Conventions {
    /// The conventions of a language tag (BCP 47; `de_DE` is read as `de-DE`); `None` when it is not known.
    pub(crate) fn of(tag: &str) -> Option<Self> {
        let tag = tag.replace('_', "-");
        let plain = plain(&tag);
        let (tag, decimal, order) = LOCALES.iter().find(|(known, ..)| known.eq_ignore_ascii_case(plain))?;
        let yen_sign = match *tag {
            "zh" => Some("CNY"),
            "ja" => Some("JPY"),
            _ => None,
        };
        let dollar_sign = match *tag {
            "en-AU" => "AUD",
            "en-CA" | "fr-CA" => "CAD",
            "en-NZ" => "NZD",
            "es-MX" => "MXN",
            _ => "USD",
        };
        Some(Self { decimal: Some(*decimal), order: Some(*order), yen_sign, dollar_sign: Some(dollar_sign) })
    }

    /// The tags that are known.
    pub(crate) fn tags() -> impl Iterator<Item = &'static str> {
        LOCALES.iter().map(|(tag, ..)| *tag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_with_their_usual_region_are_the_language() {
        for (tag, language) in
            [("de-DE", "de"), ("zh-CN", "zh"), ("zh-Hans-CN", "zh"), ("zh_CN", "zh"), ("PT-br", "pt"), ("ja-JP", "ja")]
        {
            assert_eq!(Conventions::of(tag), Conventions::of(language), "{tag}");
            assert!(Conventions::of(tag).is_some(), "{tag}");
        }
        assert_ne!(Conventions::of("de-CH"), Conventions::of("de"));
        assert_ne!(Conventions::of("en_GB"), Conventions::of("en"));
        for tag in ["xx", "de-XX", "zh-TW", "es-AR", "", "-", "de-"] {
            assert_eq!(Conventions::of(tag), None, "{tag}");
        }
    }
}
