//! Options of a parse on the wire.

use millrace_domain::Fault;
use millrace_domain::parse_options::{PageRanges, ParseOptions};
use millrace_domain::ports::HandlerCatalog;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::body;
use crate::problem::Problem;

/// How a file is to be parsed. What is absent is as the installation has it.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ParseOptions, example = json!({"parser": "local", "pages": "1-3,7"}))]
pub struct ParseInput {
    /// The parser to use, and no other; `/etl/capabilities` lists them. The configured order by default.
    #[serde(default)]
    pub parser: Option<String>,
    /// Pages, slides or sheets to read, from 1, as in `1-3,7`; all by default.
    #[serde(default)]
    pub pages: Option<String>,
    /// Languages for recognising text, in Tesseract's codes (`eng`, `chi_sim`); at most 8.
    #[serde(default)]
    #[schema(max_items = 8)]
    pub ocr_languages: Option<Vec<String>>,
    /// Whether to recognise text even where the file has a text layer; false by default.
    #[serde(default)]
    pub force_ocr: Option<bool>,
}

/// Options that were read, and where in the request they stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedParse {
    /// The options.
    pub options: ParseOptions,
    at: &'static str,
}

impl AskedParse {
    /// Reads the member `parse` of a JSON body.
    ///
    /// # Errors
    /// `invalid_value` with a pointer into the options.
    pub fn of_json(input: Option<ParseInput>) -> Result<Self, Problem> {
        Self::read(input.unwrap_or_default(), "/parse")
    }

    /// Reads the field `parse_options` of a form, which holds JSON.
    ///
    /// # Errors
    /// `invalid_json`; `unknown_field` and `invalid_value` with a pointer into the options.
    pub fn of_form(text: Option<&str>) -> Result<Self, Problem> {
        const AT: &str = "/parse_options";
        let input = match text.map(str::trim).filter(|text| !text.is_empty()) {
            Some(text) => body::parse_object(text.as_bytes()).map_err(|problem: Problem| problem.below(AT))?,
            None => ParseInput::default(),
        };
        Self::read(input, AT)
    }

    fn read(input: ParseInput, at: &'static str) -> Result<Self, Problem> {
        let pages = input.pages.as_deref().map(PageRanges::parse).transpose();
        let pages =
            pages.map_err(|error| Problem::new("invalid_value", error.to_string()).at(format!("{at}/pages")))?;
        let options = ParseOptions {
            parser: input.parser,
            pages,
            ocr_languages: input.ocr_languages.unwrap_or_default(),
            force_ocr: input.force_ocr.unwrap_or(false),
        };
        Ok(Self { options, at })
    }

    /// Whether files can be parsed so here.
    ///
    /// # Errors
    /// `unknown_parser`, `invalid_value`, with a pointer into the request.
    pub fn check(&self, catalog: &dyn HandlerCatalog) -> Result<(), Fault> {
        catalog.check_parse(&self.options).map_err(|fault| {
            let pointer = format!("{}{}", self.at, fault.pointer.as_deref().unwrap_or_default());
            fault.at(pointer)
        })
    }
}

/// The options of a task's parse, those that were asked for.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TaskParse, example = json!({"parser": "local", "pages": "1-3,7"}))]
pub struct ParseBody<'a> {
    /// The parser to use, and no other.
    #[serde(skip_serializing_if = "Option::is_none")]
    parser: Option<&'a str>,
    /// Pages, slides or sheets to read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pages: Option<String>,
    /// Languages for recognising text.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    ocr_languages: &'a [String],
    /// Whether text is recognised even where the file has a text layer.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    force_ocr: bool,
}

impl<'a> ParseBody<'a> {
    /// None when nothing was asked for.
    pub fn of(options: &'a ParseOptions) -> Option<Self> {
        (!options.is_default()).then(|| Self {
            parser: options.parser.as_deref(),
            pages: options.pages.as_ref().map(ToString::to_string),
            ocr_languages: &options.ocr_languages,
            force_ocr: options.force_ocr,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_point_into_the_options() {
        let check = |text: &str, code: &str, pointer: &str| {
            let problem = AskedParse::of_form(Some(text)).expect_err(text);
            assert_eq!((problem.code(), problem.pointers()), (code, vec![pointer]), "{text}");
        };
        check("{", "invalid_json", "/parse_options");
        check("[]", "invalid_value", "/parse_options");
        check(r#"{"parsr":"x"}"#, "unknown_field", "/parse_options/parsr");
        check(r#"{"pages":7}"#, "invalid_value", "/parse_options/pages");
        check(r#"{"pages":"7-1"}"#, "invalid_value", "/parse_options/pages");
        check(r#"{"ocr_languages":["eng",1]}"#, "invalid_value", "/parse_options/ocr_languages/1");
        let json = ParseInput { pages: Some("x".into()), ..ParseInput::default() };
        assert_eq!(AskedParse::of_json(Some(json)).expect_err("no pages").pointers(), ["/parse/pages"]);
    }

    #[test]
    fn what_was_asked_for_is_echoed() {
        let text = r#"{"pages":"7, 1-3","ocr_languages":["deu"],"force_ocr":true,"parser":"local"}"#;
        let asked = AskedParse::of_form(Some(text)).expect("options");
        let echoed = serde_json::to_value(ParseBody::of(&asked.options)).expect("JSON");
        let expected = serde_json::json!({"pages":"1-3,7","ocr_languages":["deu"],"force_ocr":true,"parser":"local"});
        assert_eq!(echoed, expected);
        for nothing in [None, Some(""), Some("{}")] {
            assert!(ParseBody::of(&AskedParse::of_form(nothing).expect("nothing").options).is_none());
        }
    }
}
