//! Workbooks → the filled cells of every sheet that people see.

use std::fmt::Display;
use std::io::Cursor;

use calamine::{
    Data, DataRef, Dimensions, HeaderRow, Range, Reader, Sheet as Listed, SheetType, SheetVisible, Xls, XlsError, Xlsb,
    XlsbError, Xlsx, XlsxError,
};

use super::cell::Cell;
use super::grid::Grid;
use super::number_formats::NumberFormats;
use super::ods::{Ods, OdsError};
use super::xls;
use crate::failure::{FailureCode, ParseFailure};
use crate::format::Format;
use crate::panics;
use crate::parser::Input;

/// One sheet as read.
pub(super) struct Sheet {
    /// Its place in the workbook, from 1.
    pub(super) number: u32,
    pub(super) name: String,
    /// Empty for charts and macros.
    pub(super) grid: Grid,
}

/// The sheets of a workbook.
pub(super) struct Workbook {
    /// Those that are not hidden.
    pub(super) sheets: Vec<Sheet>,
    /// All of them, hidden ones too.
    pub(super) count: u32,
    pub(super) warnings: Vec<String>,
}

/// A kind of workbook.
trait Source {
    type Error: Display;

    fn listed(&self) -> Vec<Listed>;
    fn is_password(error: &Self::Error) -> bool;
    fn cells(&mut self, name: &str, sink: &mut Sink) -> Result<(), Self::Error>;
    fn merged(&mut self, _name: &str) -> Vec<Dimensions> {
        Vec::new()
    }
}

/// Takes the cells of a sheet and counts their text: one long string may be shared by many cells.
pub(super) struct Sink {
    cells: Vec<(u32, u32, Cell)>,
    bytes: u64,
    max_bytes: u64,
}

impl Sink {
    /// Takes cells until their texts have more bytes than `max_bytes`, `bytes` of which are used already.
    pub(super) fn new(bytes: u64, max_bytes: u64) -> Self {
        Self { cells: Vec::new(), bytes, max_bytes }
    }

    /// What was taken.
    #[cfg(test)]
    pub(super) fn cells(&self) -> &[(u32, u32, Cell)] {
        &self.cells
    }

    /// False when there is no room for more.
    pub(super) fn push(&mut self, row: u32, column: u32, cell: impl Into<Cell>) -> bool {
        let cell = cell.into();
        self.bytes = self.bytes.saturating_add(cell.text_bytes() as u64);
        if cell.data != Data::Empty && !self.is_over() {
            self.cells.push((row, column, cell));
        }
        !self.is_over()
    }

    /// The same for a cell that the file has once and says stands here too. Such a cell costs the file nothing, so what it
    /// takes in memory counts as well.
    pub(super) fn push_copy(&mut self, row: u32, column: u32, cell: &Cell) -> bool {
        self.bytes = self.bytes.saturating_add(size_of::<(u32, u32, Cell)>() as u64);
        self.push(row, column, cell.clone())
    }

    fn is_over(&self) -> bool {
        self.bytes > self.max_bytes
    }

    fn push_range(&mut self, range: &Range<Data>) {
        let (top, left) = range.start().unwrap_or_default();
        for (row, column, data) in range.used_cells() {
            let (Ok(row), Ok(column)) = (u32::try_from(row), u32::try_from(column)) else {
                continue;
            };
            if !self.push(top.saturating_add(row), left.saturating_add(column), data.clone()) {
                return;
            }
        }
    }
}

/// Reads the workbook.
///
/// # Errors
/// `encrypted_file`, `unreadable_file`, `too_many_pages`, `output_too_large`.
pub(super) fn read(input: &Input<'_>) -> Result<Workbook, ParseFailure> {
    let bytes = Cursor::new(input.bytes);
    match input.format {
        Format::Xlsb => panics::contained(input.format.label(), || visible(Xlsb::new(bytes), input)),
        Format::Xls => {
            let workbook = xls::workbook_of(input.bytes, input.limits)?;
            panics::contained(input.format.label(), || visible(Xls::new(Cursor::new(workbook.as_slice())), input))
        }
        Format::Ods => visible(Ods::open(input.bytes), input),
        Format::Xlsx => visible(Xlsx::new(bytes), input),
        other => Err(ParseFailure::unsupported(other.label())),
    }
}

fn visible<S: Source>(opened: Result<S, S::Error>, input: &Input<'_>) -> Result<Workbook, ParseFailure> {
    let label = input.format.label();
    let refused = |error: S::Error| {
        if S::is_password(&error) { ParseFailure::encrypted(label) } else { ParseFailure::unreadable(label, error) }
    };
    let mut source = opened.map_err(refused)?;
    let listed = source.listed();
    let count = u32::try_from(listed.len()).unwrap_or(u32::MAX);
    if count > input.limits.max_pages {
        return Err(ParseFailure::too_many_pages(count, input.limits));
    }
    let mut workbook = Workbook { sheets: Vec::new(), count: count.max(1), warnings: Vec::new() };
    let mut bytes = 0;
    for (number, sheet) in (1..).zip(listed).filter(|(number, _)| input.wants_page(*number)) {
        if sheet.visible != SheetVisible::Visible {
            workbook.warnings.push(format!("sheet '{}' is hidden and was left out", sheet.name));
            continue;
        }
        let mut sink = Sink::new(bytes, input.limits.max_output_bytes);
        let mut merged = Vec::new();
        if sheet.typ == SheetType::WorkSheet {
            source.cells(&sheet.name, &mut sink).map_err(refused)?;
            merged = source.merged(&sheet.name);
        }
        if sink.is_over() {
            let message = format!("the cells hold more than {} bytes", input.limits.max_output_bytes);
            return Err(ParseFailure::new(FailureCode::OutputTooLarge, message));
        }
        bytes = sink.bytes;
        let mut grid = Grid::new(sink.cells);
        if !grid.fill_merged(&merged) {
            let name = &sheet.name;
            workbook
                .warnings
                .push(format!("sheet '{name}': some merged ranges are too large and hold their value once"));
        }
        workbook.sheets.push(Sheet { number, name: sheet.name, grid });
    }
    Ok(workbook)
}

impl Source for Xlsx<Cursor<&[u8]>> {
    type Error = XlsxError;

    fn listed(&self) -> Vec<Listed> {
        self.sheets_metadata().to_vec()
    }

    fn is_password(error: &XlsxError) -> bool {
        matches!(error, XlsxError::Password)
    }

    fn cells(&mut self, name: &str, sink: &mut Sink) -> Result<(), XlsxError> {
        // Cell by cell: a range would be a rectangle in memory, however far apart its cells are.
        let mut reader = match self.worksheet_cells_reader(name) {
            Ok(reader) => reader,
            Err(XlsxError::NotAWorksheet(_)) => return Ok(()),
            Err(error) => return Err(error),
        };
        let mut formats = NumberFormats::default();
        while let Some((cell, style)) = reader.next_cell_with_style_id()? {
            let (row, column) = cell.get_position();
            let data = owned(cell.get_value());
            let shown = formats.shown(&data, style, reader.styles());
            if !sink.push(row, column, Cell { data, shown }) {
                break;
            }
        }
        Ok(())
    }

    fn merged(&mut self, name: &str) -> Vec<Dimensions> {
        // What is merged is a matter of looks: a list that cannot be read costs no cell.
        self.merge_cells_by_sheet_name(name).unwrap_or_default()
    }
}

impl Source for Xlsb<Cursor<&[u8]>> {
    type Error = XlsbError;

    fn listed(&self) -> Vec<Listed> {
        self.sheets_metadata().to_vec()
    }

    fn is_password(error: &XlsbError) -> bool {
        matches!(error, XlsbError::Password)
    }

    fn cells(&mut self, name: &str, sink: &mut Sink) -> Result<(), XlsbError> {
        let mut reader = self.worksheet_cells_reader(name)?;
        while let Some(cell) = reader.next_cell()? {
            let (row, column) = cell.get_position();
            if !sink.push(row, column, owned(cell.get_value())) {
                break;
            }
        }
        Ok(())
    }
}

impl Source for Xls<Cursor<&[u8]>> {
    type Error = XlsError;

    fn listed(&self) -> Vec<Listed> {
        self.sheets_metadata().to_vec()
    }

    fn is_password(error: &XlsError) -> bool {
        matches!(error, XlsError::Password)
    }

    fn cells(&mut self, name: &str, sink: &mut Sink) -> Result<(), XlsError> {
        sink.push_range(&self.with_header_row(HeaderRow::FirstNonEmptyRow).worksheet_range(name)?);
        Ok(())
    }

    fn merged(&mut self, name: &str) -> Vec<Dimensions> {
        self.merge_cells_by_sheet_name(name).unwrap_or_default()
    }
}

impl Source for Ods {
    type Error = OdsError;

    fn listed(&self) -> Vec<Listed> {
        self.sheets()
    }

    fn is_password(error: &OdsError) -> bool {
        matches!(error, OdsError::Password)
    }

    fn cells(&mut self, name: &str, sink: &mut Sink) -> Result<(), OdsError> {
        self.read(name, sink)
    }

    fn merged(&mut self, _name: &str) -> Vec<Dimensions> {
        // Its sheets are read one after the other.
        Self::merged(self)
    }
}

fn owned(data: &DataRef<'_>) -> Data {
    Data::from(data.clone())
}
