//! Delimited rows: the dialect is sniffed, every cell stays text, so `00123` stays `00123`.

use std::fs::File;
use std::io::{self, Read};

use millrace_domain::document::{Block, BlockKind, TableBlock};
use serde_json::{Map, Value};

use super::text::{self, decode_some};
use crate::draft::Draft;
use crate::failure::{FailureCode, ParseFailure};
use crate::file;
use crate::format::Format;
use crate::header::Header;
use crate::limits::ParserLimits;
use crate::parser::{Input, Isolation, Parser};
use crate::rows::{Allowance, LargeText, RowStream, RowWriter, cut_warning};
use crate::table;

/// Delimiters tried, the likeliest first.
const DELIMITERS: [u8; 4] = *b",;\t|";
/// Records looked at to choose the delimiter.
const SAMPLE_RECORDS: usize = 100;
/// Bytes looked at to choose the delimiter.
const SAMPLE_BYTES: usize = 64 << 10;
/// Bytes of a large file read at a time.
const BUFFER_BYTES: usize = 64 << 10;

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
        let mut shape = Shape::default();
        for record in reader(delimiter).from_reader(body.as_bytes()).records() {
            let record = record.map_err(|error| ParseFailure::unreadable("CSV", error))?;
            shape.see(record.len());
            records.push(record.iter().map(str::to_owned).collect::<Vec<_>>());
        }
        warnings.extend(shape.warnings());
        if !table::pad(&mut records) {
            return Err(ParseFailure::new(FailureCode::OutputTooLarge, uneven(shape.width)));
        }
        let header = Header::from_cells(records.first().map_or(&[], Vec::as_slice));
        warnings.extend(header.warnings());
        // Each row repeats every name.
        if (records.len() as u64).saturating_mul(header.bytes()) > input.limits.max_output_bytes {
            return Err(crate::output::too_large(input.limits));
        }
        let rows = records.iter().skip(1).map(|record| header.row(record.iter().cloned().map(Into::into))).collect();
        Ok(Draft { warnings, rows: Some(rows), ..draft(records) })
    }

    fn streaming(&self) -> Option<&dyn RowStream> {
        Some(self)
    }
}

/// Why rows of very different lengths are refused.
fn uneven(width: usize) -> String {
    format!("one row has {width} cells and most have few; padded to that width the table would be too large")
}

/// The table of these records, the header first, as text and as a block.
fn draft(records: Vec<Vec<String>>) -> Draft {
    let markdown = table::render(&records);
    let text = records.iter().map(|record| record.join("\t")).collect::<Vec<_>>().join("\n");
    let block =
        Block { table: Some(TableBlock { has_header: true, rows: records }), ..Block::new(BlockKind::Table, text) };
    Draft { markdown, blocks: vec![block], pages: 1, ..Draft::default() }
}

/// How wide the records are.
#[derive(Debug, Default)]
struct Shape {
    /// Cells of the first record; `None` before it.
    header: Option<usize>,
    /// Cells of the widest.
    width: usize,
    /// Records with fewer cells than the first.
    short: u64,
    /// Records with more.
    long: u64,
}

impl Shape {
    fn see(&mut self, cells: usize) {
        let header = *self.header.get_or_insert(cells);
        self.width = self.width.max(cells);
        self.short += u64::from(cells < header);
        self.long += u64::from(cells > header);
    }

    fn warnings(&self) -> impl Iterator<Item = String> {
        let short = (self.short > 0)
            .then(|| format!("{} rows have fewer cells than the header; the missing ones are empty", self.short));
        let long = (self.long > 0).then(|| format!("{} rows have more cells than the header", self.long));
        short.into_iter().chain(long)
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

/// Large files are read twice: how wide the table is decides how every row is padded.
impl RowStream for CsvParser {
    fn read_rows(
        &self,
        file: &File,
        limits: &ParserLimits,
        rows: &mut RowWriter<'_>,
    ) -> Result<Option<Draft>, ParseFailure> {
        let Some(text) = LargeText::of(file)? else { return Ok(None) };
        let large = Large { file, text, most: limits.max_inline_bytes };
        let (delimiter, skipped) = large.dialect()?;
        let mut shape = Shape::default();
        let mut header = Vec::new();
        let mut is_blank = true;
        let lossy = large.records(delimiter, skipped, |record| {
            if shape.header.is_none() {
                header = record.iter().map(str::to_owned).collect();
            }
            shape.see(record.len());
            is_blank = is_blank && record.iter().all(text::is_blank);
            Ok(())
        })?;
        if is_blank {
            return Err(text::only_blanks());
        }
        let mut warnings = text.warnings(lossy);
        warnings.extend(shape.warnings());
        header.resize(shape.width, String::new());
        let keys = Header::from_cells(&header);
        warnings.extend(keys.warnings());
        let keys = keys.json()?;
        let mut is_header = true;
        large.records(delimiter, skipped, |record| {
            if std::mem::take(&mut is_header) {
                return Ok(());
            }
            rows.push_with(|line| {
                let cells = record.iter().chain(std::iter::repeat(""));
                for (index, (key, cell)) in keys.iter().zip(cells).enumerate() {
                    line.push(if index == 0 { b'{' } else { b',' });
                    line.extend_from_slice(key);
                    line.push(b':');
                    match cell.contains('\0') {
                        true => serde_json::to_writer(&mut *line, &cell.replace('\0', ""))?,
                        false => serde_json::to_writer(&mut *line, cell)?,
                    }
                }
                line.push(b'}');
                Ok(())
            })
        })?;
        let (head, reference) = rows.finish()?;
        warnings.push(cut_warning(reference.rows));
        let cells =
            |row: &Map<String, Value>| row.values().map(|cell| cell.as_str().unwrap_or("").to_owned()).collect();
        let records = std::iter::once(header).chain(head.iter().map(cells)).collect();
        Ok(Some(Draft { warnings, rows: Some(head), rows_ref: Some(reference), ..draft(records) }))
    }
}

/// A large file of records.
struct Large<'a> {
    file: &'a File,
    text: LargeText,
    /// Most bytes of one record.
    most: u64,
}

impl Large<'_> {
    /// The delimiter, and the bytes of text before the first record.
    fn dialect(&self) -> Result<(u8, u64), ParseFailure> {
        let mut head = Vec::new();
        let reader = self.text.reader(self.file)?;
        reader.take(SAMPLE_BYTES as u64).read_to_end(&mut head).map_err(|error| file::unavailable(&error))?;
        // The sample may end within a character.
        let head = String::from_utf8_lossy(&head);
        let (delimiter, body) = dialect(&head);
        Ok((delimiter, (head.len() - body.len()) as u64))
    }

    /// Hands every record to `see`; tells whether some bytes could not be decoded.
    fn records(
        &self,
        delimiter: u8,
        skipped: u64,
        mut see: impl FnMut(&csv::StringRecord) -> Result<(), ParseFailure>,
    ) -> Result<bool, ParseFailure> {
        let allowance = Allowance::new(self.most);
        let mut text = self.text.reader(self.file)?.limited(allowance.clone());
        io::copy(&mut (&mut text).take(skipped), &mut io::sink()).map_err(|error| file::unavailable(&error))?;
        let mut reader = reader(delimiter).buffer_capacity(BUFFER_BYTES).from_reader(text);
        let mut record = csv::StringRecord::new();
        while reader.read_record(&mut record).map_err(|error| ParseFailure::unreadable("CSV", error))? {
            allowance.renew();
            see(&record)?;
        }
        Ok(reader.get_ref().is_lossy())
    }
}

#[cfg(test)]
#[path = "csv_tests.rs"]
mod tests;
