//! How files are to be parsed, as arguments of several commands.

use clap::Args;
use serde_json::{Map, Value, json};

/// Options of a parse; what is not given is as the server has it.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct ParseArgs {
    /// Use this parser and no other; see GET /api/v1/etl/capabilities
    #[arg(long, value_name = "NAME")]
    parser: Option<String>,
    /// Read these pages, slides or sheets only, such as 1-3,7
    #[arg(long, value_name = "RANGES")]
    pages: Option<String>,
    /// Languages for recognising text, in Tesseract's codes, such as eng,chi_sim
    #[arg(long, value_name = "CODES", value_delimiter = ',')]
    ocr_languages: Vec<String>,
    /// Recognise text even where a file has a text layer
    #[arg(long)]
    force_ocr: bool,
}

impl ParseArgs {
    /// As the server reads them; `None` when nothing was asked for.
    pub(super) fn json(&self) -> Option<Value> {
        let Self { parser, pages, ocr_languages, force_ocr } = self;
        let mut options = Map::new();
        options.extend(parser.iter().map(|parser| ("parser".to_owned(), json!(parser))));
        options.extend(pages.iter().map(|pages| ("pages".to_owned(), json!(pages))));
        if !ocr_languages.is_empty() {
            options.insert("ocr_languages".to_owned(), json!(ocr_languages));
        }
        if *force_ocr {
            options.insert("force_ocr".to_owned(), json!(true));
        }
        (!options.is_empty()).then(|| Value::Object(options))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_given_is_sent() {
        assert_eq!(ParseArgs::default().json(), None);
        let args = ParseArgs {
            parser: Some("local".into()),
            pages: Some("1-3".into()),
            ocr_languages: vec!["eng".into()],
            force_ocr: true,
        };
        let expected = json!({"parser": "local", "pages": "1-3", "ocr_languages": ["eng"], "force_ocr": true});
        assert_eq!(args.json(), Some(expected));
    }
}
