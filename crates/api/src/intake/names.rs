//! Names and relative paths of files, as clients send them.

use millrace_domain::filename::{base_name, relative_path};

use super::storing::FileFailure;

/// Longest name that is shown for a file whose name is refused, in characters.
const SHOWN: usize = 200;

/// A file's name and its relative path in the uploaded folder.
#[derive(Debug, PartialEq, Eq)]
pub struct Named {
    /// The name, or something to show in its place.
    pub filename: String,
    /// The path, if one was given.
    pub path: Option<String>,
    /// Why the file is refused.
    pub failure: Option<FileFailure>,
}

/// Checks the name of a part and the path that was sent for it. A name that holds folders is a path as well.
pub fn check(name: &str, path: Option<&str>) -> Named {
    let path = path.filter(|path| !path.is_empty());
    let checked_name = relative_path(name);
    let checked_path = path.map(relative_path).transpose();
    match (checked_name, checked_path) {
        (Ok(name), Ok(path)) => {
            let filename = base_name(&name).to_owned();
            let path = path.or_else(|| (name != filename).then_some(name));
            Named { filename, path, failure: None }
        }
        (Err(error), _) => refused(name, "the file's name is refused", error.to_string()),
        (_, Err(error)) => refused(name, "the file's path is refused", error.to_string()),
    }
}

/// Refuses a file whose extension is not among those that are taken; an empty list takes any.
pub fn check_extension(name: &str, allowed: &[String]) -> Option<FileFailure> {
    let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_lowercase()).unwrap_or_default();
    if allowed.is_empty() || allowed.contains(&extension) {
        return None;
    }
    let message = format!("files ending in '.{extension}' are not taken here; these are: {}", allowed.join(", "));
    Some(FileFailure::new("extension_not_allowed", message))
}

fn refused(name: &str, what: &str, why: String) -> Named {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let shown: String = last.chars().filter(|char| !char.is_control()).take(SHOWN).collect();
    let filename = if shown.trim().is_empty() || shown == ".." { "unnamed".to_owned() } else { shown };
    Named { filename, path: None, failure: Some(FileFailure::new("invalid_name", format!("{what}: {why}"))) }
}

#[cfg(test)]
mod tests {

    #[test]
    fn only_allowed_extensions_pass() {
        let check = |name: &str, allowed: &[&str], code: Option<&str>| {
            let allowed: Vec<String> = allowed.iter().map(|text| (*text).to_owned()).collect();
            assert_eq!(super::check_extension(name, &allowed).map(|failure| failure.code), code, "{name}");
        };
        check("a.exe", &[], None);
        check("a.PDF", &["pdf", "csv"], None);
        check("a.exe", &["pdf"], Some("extension_not_allowed"));
        check("plain", &["pdf"], Some("extension_not_allowed"));
    }

    #[test]
    fn names_and_paths_are_told_apart() {
        let check = |name: &str, path: Option<&str>, filename: &str, expected: Option<&str>| {
            let named = super::check(name, path);
            assert_eq!((named.filename.as_str(), named.path.as_deref()), (filename, expected), "{name:?} {path:?}");
            assert!(named.failure.is_none());
        };
        check("a.txt", None, "a.txt", None);
        check("a.txt", Some(""), "a.txt", None);
        check("a.txt", Some("docs/a.txt"), "a.txt", Some("docs/a.txt"));
        check("docs/a.txt", None, "a.txt", Some("docs/a.txt"));
        check("docs\\a.txt", None, "a.txt", Some("docs/a.txt"));
    }

    #[test]
    fn bad_ones_are_refused_with_something_to_show() {
        let check = |name: &str, path: Option<&str>, filename: &str| {
            let named = super::check(name, path);
            assert_eq!(named.failure.map(|failure| failure.code), Some("invalid_name"), "{name:?} {path:?}");
            assert_eq!(named.filename, filename);
        };
        check("", None, "unnamed");
        check("../etc/passwd", None, "passwd");
        check("..", None, "unnamed");
        check("a.txt", Some("../a.txt"), "a.txt");
        check("a.txt", Some("x\0/a.txt"), "a.txt");
        check("a\u{7}b.txt", None, "ab.txt");
    }
}
