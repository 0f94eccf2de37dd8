//! Delimited rows: the dialect is sniffed, every cell stays text, so `00123` stays `00123`.

use millrace_domain::document::{Block, BlockKind, TableBlock};

use super::text::decode_some;
use crate::failure::ParseFailure;
use crate::format::Format;
use crate::header::Header;
use crate::parser::{Draft, Input, Isolation, Parser};
use crate::table;

/// Delimiters tried, the likeliest first.
const DELIMITERS: [u8; 4] = *b",;\t|";
/// Records looked at to choose the delimiter.
const SAMPLE_RECORDS: usize = 100;
/// Bytes looked at to choose the delimiter.
const SAMPLE_BYTES: usize = 64 << 10;

/// Reads CSV, TSV and their relatives. The first record is the header.
#[derive(Debug, Clone, Copy, Default)]
pub struct CsvParser;

impl Parser for CsvParser {
    fn name(&self) -> &'static str {
        "csv"
    }

    fn version(&self) -> &'static str {
        "1"
    }

    fn formats(&self) -> &'static [Format] {
        &[Format::Csv]
    }

    fn isolation(&self) -> Isolation {
        Isolation::InProcess
    }

    fn parse(&self, input: Input<'_>) -> Result<Draft, ParseFailure> {
        let decoded = decode_some(input.bytes)?;
        let mut warnings = decoded.warnings();
        let (delimiter, body) = dialect(&decoded.text);
        let mut records = Vec::new();
        for record in reader(delimiter).from_reader(body.as_bytes()).records() {
            let record = record.map_err(|error| ParseFailure::unreadable("CSV", error))?;
            records.push(record.iter().map(str::to_owned).collect::<Vec<_>>());
        }
        let width = records.iter().map(Vec::len).max().unwrap_or(0);
        let header_width = records.first().map_or(0, Vec::len);
        let short = records.iter().filter(|record| record.len() < header_width).count();
        if short > 0 {
            warnings.push(format!("{short} rows have fewer cells than the header; the missing ones are empty"));
        }
        if width > header_width {
            let long = records.iter().filter(|record| record.len() > header_width).count();
            warnings.push(format!("{long} rows have more cells than the header"));
        }
        for record in &mut records {
            record.resize(width, String::new());
        }
        let header = Header::from_cells(records.first().map_or(&[], Vec::as_slice));
        warnings.extend(header.warnings());
        let rows = records.iter().skip(1).map(|record| header.row(record.iter().cloned().map(Into::into))).collect();
        let markdown = table::render(&records);
        let text = records.iter().map(|record| record.join("\t")).collect::<Vec<_>>().join("\n");
        let block =
            Block { table: Some(TableBlock { has_header: true, rows: records }), ..Block::new(BlockKind::Table, text) };
        Ok(Draft { markdown, blocks: vec![block], pages: 1, warnings, rows: Some(rows), ..Draft::default() })
    }
}

fn reader(delimiter: u8) -> csv::ReaderBuilder {
    let mut builder = csv::ReaderBuilder::new();
    builder.delimiter(delimiter).has_headers(false).flexible(true);
    builder
}

/// The delimiter, and the text behind a `sep=` line if a spreadsheet wrote one.
fn dialect(text: &str) -> (u8, &str) {
    if let Some(rest) = text.strip_prefix("sep=")
        && let Some((line, body)) = rest.split_once('\n')
        && let [delimiter] = line.trim_end_matches('\r').as_bytes()
        && delimiter.is_ascii()
    {
        return (*delimiter, body);
    }
    let mut end = text.len().min(SAMPLE_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let sample = &text.as_bytes()[..end];
    let mut best = (0.0, DELIMITERS[0]);
    for delimiter in DELIMITERS {
        let score = score(sample, delimiter);
        if score > best.0 {
            best = (score, delimiter);
        }
    }
    (best.1, text)
}

/// How well a delimiter explains the sample: the share of records that agree on a width above one, weighed by it.
fn score(sample: &[u8], delimiter: u8) -> f64 {
    let mut widths = std::collections::HashMap::<usize, u32>::new();
    let mut total = 0_u32;
    for record in reader(delimiter).from_reader(sample).records().take(SAMPLE_RECORDS).flatten() {
        *widths.entry(record.len()).or_default() += 1;
        total += 1;
    }
    let Some((width, count)) = widths.into_iter().max_by_key(|(width, count)| (*count, *width)) else {
        return 0.0;
    };
    if width < 2 {
        return 0.0;
    }
    let agreement = f64::from(count) / f64::from(total.max(1));
    agreement * agreement * (1.0 + (f64::from(u32::try_from(width).unwrap_or(u32::MAX))).ln() / 10.0)
}

#[cfg(test)]
#[path = "csv_tests.rs"]
mod tests;
