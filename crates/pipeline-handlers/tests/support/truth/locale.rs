//! How languages print.

/// A language.
pub struct Locale {
    pub tag: &'static str,
    decimal: char,
    group: &'static str,
    /// Of `{d}`, `{dd}`, `{m}`, `{mm}`, `{month}` and `{y}`; the last one is long.
    dates: [&'static str; 2],
    months: [&'static str; 12],
    pub currency: &'static str,
}

pub const LOCALES: [Locale; 5] = [
    Locale {
        tag: "en-US",
        decimal: '.',
        group: ",",
        dates: ["{mm}/{dd}/{y}", "{month} {d}, {y}"],
        months: EN,
        currency: "USD",
    },
    Locale {
        tag: "en-GB",
        decimal: '.',
        group: ",",
        dates: ["{dd}/{mm}/{y}", "{d} {month} {y}"],
        months: EN,
        currency: "GBP",
    },
    Locale {
        tag: "de",
        decimal: ',',
        group: ".",
        dates: ["{dd}.{mm}.{y}", "{d}. {month} {y}"],
        months: [
            "Januar",
            "Februar",
            "März",
            "April",
            "Mai",
            "Juni",
            "Juli",
            "August",
            "September",
            "Oktober",
            "November",
            "Dezember",
        ],
        currency: "EUR",
    },
    Locale {
        tag: "fr",
        decimal: ',',
        group: "\u{a0}",
        dates: ["{dd}/{mm}/{y}", "{d} {month} {y}"],
        months: [
            "janvier",
            "février",
            "mars",
            "avril",
            "mai",
            "juin",
            "juillet",
            "août",
            "septembre",
            "octobre",
            "novembre",
            "décembre",
        ],
        currency: "EUR",
    },
    Locale {
        tag: "es",
        decimal: ',',
        group: ".",
        dates: ["{dd}-{mm}-{y}", "{d} de {month} de {y}"],
        months: [
            "enero",
            "febrero",
            "marzo",
            "abril",
            "mayo",
            "junio",
            "julio",
            "agosto",
            "septiembre",
            "octubre",
            "noviembre",
            "diciembre",
        ],
        currency: "EUR",
    },
];

const EN: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

impl Locale {
    /// Hundredths as an amount.
    pub fn amount(&self, cents: u64) -> String {
        format!("{}{}{:02}", self.whole(cents / 100), self.decimal, cents % 100)
    }

    /// A whole number with its groups.
    pub fn whole(&self, number: u64) -> String {
        let digits = number.to_string();
        let mut grouped = String::new();
        for (index, digit) in digits.chars().enumerate() {
            if index > 0 && (digits.len() - index).is_multiple_of(3) {
                grouped.push_str(self.group);
            }
            grouped.push(digit);
        }
        grouped
    }

    /// A date, short or long.
    pub fn date(&self, (year, month, day): (u64, u64, u64), is_long: bool) -> String {
        let name = self.months[usize::try_from(month - 1).expect("small")];
        self.dates[usize::from(is_long)]
            .replace("{dd}", &format!("{day:02}"))
            .replace("{d}", &day.to_string())
            .replace("{mm}", &format!("{month:02}"))
            .replace("{month}", name)
            .replace("{y}", &year.to_string())
    }
}
