//! Names of months.

/// Names and short names in lower case, by language; twelve of each.
const LANGUAGES: [(&str, [&[&str]; 12]); 5] = [
    (
        "en",
        [
            &["january", "jan"],
            &["february", "feb"],
            &["march", "mar"],
            &["april", "apr"],
            &["may"],
            &["june", "jun"],
            &["july", "jul"],
            &["august", "aug"],
            &["september", "sept", "sep"],
            &["october", "oct"],
            &["november", "nov"],
            &["december", "dec"],
        ],
    ),
    (
        "de",
        [
            &["januar", "jänner", "jan"],
            &["februar", "feber", "feb"],
            &["märz", "maerz", "mär", "mrz"],
            &["april", "apr"],
            &["mai"],
            &["juni", "jun"],
            &["juli", "jul"],
            &["august", "aug"],
            &["september", "sept", "sep"],
            &["oktober", "okt"],
            &["november", "nov"],
            &["dezember", "dez"],
        ],
    ),
    (
        "fr",
        [
            &["janvier", "janv"],
            &["février", "fevrier", "févr", "fév"],
            &["mars"],
            &["avril", "avr"],
            &["mai"],
            &["juin"],
            &["juillet", "juil"],
            &["août", "aout"],
            &["septembre", "sept"],
            &["octobre", "oct"],
            &["novembre", "nov"],
            &["décembre", "decembre", "déc"],
        ],
    ),
    (
        "es",
        [
            &["enero", "ene"],
            &["febrero", "feb"],
            &["marzo", "mar"],
            &["abril", "abr"],
            &["mayo", "may"],
            &["junio", "jun"],
            &["julio", "jul"],
            &["agosto", "ago"],
            &["septiembre", "setiembre", "sept", "sep"],
            &["octubre", "oct"],
            &["noviembre", "nov"],
            &["diciembre", "dic"],
        ],
    ),
    (
        "zh",
        [
            &["一月"],
            &["二月"],
            &["三月"],
            &["四月"],
            &["五月"],
            &["六月"],
            &["七月"],
            &["八月"],
            &["九月"],
            &["十月"],
            &["十一月"],
            &["十二月"],
        ],
    ),
];

/// The month of a name in any of the languages, 1–12. `name` is in lower case and without a full stop.
pub(crate) fn number_of(name: &str) -> Option<u32> {
    LANGUAGES.iter().find_map(|(_, months)| {
        let at = months.iter().position(|names| names.contains(&name))?;
        u32::try_from(at + 1).ok()
    })
}

/// Every name of a month (1–12), each once.
pub(crate) fn names_of(month: u32) -> Vec<&'static str> {
    let Some(at) = month.checked_sub(1).and_then(|at| usize::try_from(at).ok()).filter(|at| *at < 12) else {
        return Vec::new();
    };
    let mut found: Vec<&str> = LANGUAGES.iter().flat_map(|(_, months)| months[at].iter().copied()).collect();
    found.sort_unstable();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_means_two_months() {
        for month in 1..=12 {
            for name in names_of(month) {
                assert_eq!(number_of(name), Some(month), "{name}");
            }
        }
        assert_eq!(number_of("nonsense"), None);
        assert!(names_of(0).is_empty() && names_of(13).is_empty());
    }
}
