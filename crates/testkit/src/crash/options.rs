//! What the crash loop is told.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::programs;

/// How often and how much.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Rounds.
    pub rounds: usize,
    /// New files per round.
    pub files: usize,
    /// Decides what is sent and when the server dies; not how the two interleave.
    pub seed: u64,
    /// The server.
    pub binary: PathBuf,
}

/// How to call it.
pub const USAGE: &str = "usage: millrace-crash [--rounds 50] [--files 300] [--seed N] [--binary PATH]";

impl Options {
    /// From the words of a command line, the program's name not among them.
    ///
    /// # Errors
    /// When a word is unknown or no number, or when the server was not built.
    pub fn parse(words: impl IntoIterator<Item = String>) -> Result<Self> {
        let (mut rounds, mut files, mut seed, mut binary) = (50, 300, None, None);
        let mut words = words.into_iter();
        while let Some(word) = words.next() {
            let mut value = || words.next().with_context(|| format!("{word} needs a value\n{USAGE}"));
            match word.as_str() {
                "--rounds" => rounds = number(&word, &value()?)?,
                "--files" => files = number(&word, &value()?)?,
                "--seed" => seed = Some(number(&word, &value()?)?),
                "--binary" => binary = Some(PathBuf::from(value()?)),
                _ => bail!("unknown: {word}\n{USAGE}"),
            }
        }
        let binary = match binary {
            Some(binary) => binary,
            None => programs::find("millrace")?,
        };
        Ok(Self { rounds, files, seed: seed.unwrap_or_else(rand::random), binary })
    }

    /// The longest that a server lives within a round, so that kills fall into the work and not behind it.
    pub(super) fn longest_life_ms(&self) -> u64 {
        300 + self.files as u64 * 8
    }
}

fn number<T: std::str::FromStr>(name: &str, text: &str) -> Result<T> {
    match text.parse() {
        Ok(number) => Ok(number),
        Err(_) => bail!("{name} needs a number, not {text:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &[&str]) -> Result<Options> {
        Options::parse(words.iter().map(|&word| word.to_owned()).chain(["--binary".to_owned(), "x".to_owned()]))
    }

    #[test]
    fn numbers_are_read_and_words_refused() {
        let options = parse(&["--rounds", "3", "--seed", "7"]).unwrap();
        assert_eq!((options.rounds, options.files, options.seed), (3, 300, 7));
        assert!(parse(&["--rounds", "three"]).is_err());
        assert!(parse(&["--round", "3"]).is_err());
        assert!(Options::parse(["--files".to_owned()]).is_err());
    }
}
