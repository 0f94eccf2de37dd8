//! What the caller asked for.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};

/// How much is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// The sizes of the table.
    Full,
    /// Small sizes, to see that the measurement works.
    Quick,
}

impl Scale {
    /// One of two sizes.
    pub fn pick<T>(self, full: T, quick: T) -> T {
        match self {
            Self::Full => full,
            Self::Quick => quick,
        }
    }
}

/// What the caller asked for.
#[derive(Debug, PartialEq, Eq)]
pub struct Arguments {
    /// Only these measurements; all when empty.
    only: Vec<String>,
    /// How much is done.
    pub scale: Scale,
    /// Whether other job queues are measured as well.
    pub peers: bool,
    /// Where data is kept while measuring.
    pub dir: Option<PathBuf>,
}

impl Arguments {
    /// Reads them; `None` when help is wanted.
    ///
    /// # Errors
    /// With a text for whoever typed them.
    pub fn parse(words: impl Iterator<Item = String>, known: &[&str]) -> Result<Option<Self>> {
        let mut arguments = Self { only: Vec::new(), scale: Scale::Full, peers: false, dir: None };
        let mut words = words;
        while let Some(word) = words.next() {
            match word.as_str() {
                "--help" | "-h" => return Ok(None),
                "--quick" => arguments.scale = Scale::Quick,
                "--peers" => arguments.peers = true,
                "--dir" => arguments.dir = Some(words.next().context("--dir needs a folder")?.into()),
                "--only" => {
                    for name in words.next().context("--only needs a name")?.split(',') {
                        if !known.contains(&name) {
                            bail!("no measurement is called {name}; there are {}", known.join(", "));
                        }
                        arguments.only.push(name.to_owned());
                    }
                }
                other => bail!("{other} is not understood; --help shows what is"),
            }
        }
        Ok(Some(arguments))
    }

    /// Whether a measurement is to be made.
    pub fn wants(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|wanted| wanted == name)
    }
}

/// The help text.
pub fn usage(known: &[&str]) -> String {
    format!(
        "millrace-bench [--only NAME[,NAME]] [--quick] [--peers] [--dir FOLDER]\n\n\
         --only    only these measurements: {}\n\
         --quick   small sizes, to see that everything runs\n\
         --peers   other job queues as well, see bench/peers; builds them first\n\
         --dir     where data is kept while measuring; on a real disk [default: beside the program]",
        known.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &[&str]) -> Result<Option<Arguments>> {
        Arguments::parse(words.iter().map(|word| (*word).to_owned()), &["queue", "list"])
    }

    #[test]
    fn everything_is_measured_unless_told_otherwise() {
        let all = parse(&[]).unwrap().unwrap();
        assert!(all.wants("queue") && all.wants("list") && all.scale == Scale::Full);
        let one = parse(&["--quick", "--only", "list"]).unwrap().unwrap();
        assert!(!one.wants("queue") && one.wants("list") && one.scale == Scale::Quick);
    }

    #[test]
    fn what_is_not_known_is_refused() {
        for words in [&["--only", "lists"][..], &["--only"], &["--dir"], &["fast"]] {
            assert!(parse(words).is_err(), "{words:?}");
        }
        assert_eq!(parse(&["--help"]).unwrap(), None);
    }
}
