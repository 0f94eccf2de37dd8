//! Amounts with a currency.

use super::{Conventions, number};

/// Signs and abbreviations with the currency they mean; longer ones before their parts.
const SIGNS: [(&str, &str); 22] = [
    ("US$", "USD"),
    ("A$", "AUD"),
    ("C$", "CAD"),
    ("HK$", "HKD"),
    ("NZ$", "NZD"),
    ("S$", "SGD"),
    ("R$", "BRL"),
    ("€", "EUR"),
    ("£", "GBP"),
    ("₹", "INR"),
    ("Rs.", "INR"),
    ("₩", "KRW"),
    ("₽", "RUB"),
    ("₺", "TRY"),
    ("₴", "UAH"),
    ("₪", "ILS"),
    ("฿", "THB"),
    ("zł", "PLN"),
    ("Kč", "CZK"),
    ("人民币", "CNY"),
    ("元", "CNY"),
    ("円", "JPY"),
];
/// Signs that several currencies share.
const SHARED: [char; 2] = ['$', '¥'];
/// Codes of ISO 4217 in wide use.
const CODES: [&str; 48] = [
    "AED", "ARS", "AUD", "BGN", "BRL", "CAD", "CHF", "CLP", "CNY", "COP", "CZK", "DKK", "EGP", "EUR", "GBP", "HKD",
    "HUF", "IDR", "ILS", "INR", "ISK", "JPY", "KES", "KRW", "KWD", "MAD", "MXN", "MYR", "NGN", "NOK", "NZD", "PEN",
    "PHP", "PKR", "PLN", "QAR", "RON", "RUB", "SAR", "SEK", "SGD", "THB", "TRY", "TWD", "UAH", "USD", "VND", "ZAR",
];

/// Whether a text is the code of a currency.
pub(crate) fn is_code(text: &str) -> bool {
    CODES.contains(&text)
}

/// Reads an amount: plain digits, and the currency's ISO code where the text or the conventions tell it.
///
/// # Errors
/// Why it is none, for people.
pub(crate) fn parse(text: &str, conventions: &Conventions) -> Result<(String, Option<&'static str>), String> {
    let amount = number::parse(text, conventions.decimal)?;
    Ok((amount, currency_of(text, conventions)))
}

fn currency_of(text: &str, conventions: &Conventions) -> Option<&'static str> {
    let text: String = unicode_normalization::UnicodeNormalization::nfkc(text).collect();
    if let Some(code) = CODES.iter().find(|code| text.contains(**code)) {
        return Some(code);
    }
    if let Some((_, code)) = SIGNS.iter().find(|(sign, _)| text.contains(sign)) {
        return Some(code);
    }
    match text.chars().find(|character| SHARED.contains(character))? {
        '$' => conventions.dollar_sign,
        _ => conventions.yen_sign,
    }
}

/// A text without the sign or code of a currency at either end.
pub(crate) fn without_currency(text: &str) -> &str {
    let text = text.trim();
    let sign = SIGNS.iter().map(|(sign, _)| *sign).chain(CODES).chain(["$", "¥"]);
    let stripped = sign.filter(|sign| text.starts_with(*sign) || text.ends_with(*sign)).max_by_key(|sign| sign.len());
    match stripped {
        Some(sign) => text.strip_prefix(sign).or_else(|| text.strip_suffix(sign)).unwrap_or(text).trim(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_their_currency() {
        let check = |text: &str, locale: &str, amount: &str, currency: Option<&str>| {
            let conventions = Conventions::of(locale).expect(locale);
            assert_eq!(parse(text, &conventions), Ok((amount.to_owned(), currency)), "{text}");
        };
        check("1.234,56 €", "de", "1234.56", Some("EUR"));
        check("EUR 1.234,56", "de", "1234.56", Some("EUR"));
        check("$1,234.56", "en", "1234.56", Some("USD"));
        check("$1,234.56", "en-CA", "1234.56", Some("CAD"));
        check("US$ 5", "en-AU", "5", Some("USD"));
        check("₹12,34,567", "en-IN", "1234567", Some("INR"));
        check("￥1,200.00", "zh", "1200.00", Some("CNY"));
        check("¥1,200", "ja", "1200", Some("JPY"));
        check("1200元", "zh", "1200", Some("CNY"));
        check("CHF 1'200.50", "de-CH", "1200.50", Some("CHF"));
        check("-£5.00", "en-GB", "-5.00", Some("GBP"));
        check("(£5.00)", "en-GB", "-5.00", Some("GBP"));
        check("12.50", "en", "12.50", None);
        assert_eq!(parse("¥12", &Conventions::default()), Ok(("12".into(), None)));
        assert!(parse("EUR", &Conventions::default()).is_err());
    }
}
