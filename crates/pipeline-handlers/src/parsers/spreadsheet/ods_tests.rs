//! What is read of sheets that are mostly empty, or not what they seem.

use super::*;

fn read(rows: &str) -> (Vec<String>, Vec<Dimensions>) {
    let content = format!(
        r#"<office:document-content><office:body><office:spreadsheet><table:table table:name="S">{rows}</table:table><table:table table:name="Empty"/></office:spreadsheet></office:body></office:document-content>"#
    );
    let sheets = list(&content).expect("sheets");
    let mut ods = Ods { content, sheets, merged: Vec::new() };
    assert_eq!(ods.sheets().iter().map(|sheet| sheet.name.as_str()).collect::<Vec<_>>(), ["S", "Empty"]);
    let mut sink = Sink::new(0, 1 << 20);
    ods.read("Empty", &mut sink).expect("nothing");
    assert!(sink.cells().is_empty());
    ods.read("S", &mut sink).expect("cells");
    let cells = sink.cells().iter().map(|(row, column, cell)| {
        let shown = cell.shown.as_deref().map(|shown| format!(" as {shown}")).unwrap_or_default();
        format!("{row},{column}={}{shown}", cell::text(&cell.data))
    });
    (cells.collect(), ods.merged())
}

#[test]
fn cells_far_apart_cost_what_any_cells_cost() {
    let cell = r#"<table:table-cell office:value-type="float" office:value="1"><text:p>1</text:p></table:table-cell>"#;
    let (cells, _) = read(&format!(
        r#"<table:table-row>{cell}</table:table-row><table:table-row table:number-rows-repeated="1048574"><table:table-cell table:number-columns-repeated="16384"/></table:table-row><table:table-header-rows><table:table-row><table:table-cell table:number-columns-repeated="16383"/>{cell}<table:covered-table-cell/></table:table-row></table:table-header-rows><table:table-row>{cell}</table:table-row>"#
    ));
    assert_eq!(cells, ["0,0=1", "1048575,16383=1"], "rows beyond the last are made up");
}

#[test]
fn repeated_cells_are_counted_before_they_fill_the_memory() {
    let times = |columns: u32, rows: u32| {
        format!(
            r#"<table:table-row table:number-rows-repeated="{rows}"><table:table-cell table:number-columns-repeated="{columns}" office:value-type="float" office:value="1"/><table:table-cell office:value-type="float" office:value="2"/></table:table-row>"#
        )
    };
    let (cells, _) = read(&times(2, 2));
    assert_eq!(cells, ["0,0=1", "0,1=1", "0,2=2", "1,0=1", "1,1=1", "1,2=2"]);
    // Four thousand million times is as often as a sheet has places.
    let (cells, _) = read(&times(u32::MAX, u32::MAX));
    assert!((10_000..30_000).contains(&cells.len()), "{} cells in a mebibyte", cells.len());
}

#[test]
fn values_and_what_people_see_are_told_apart() {
    let (cells, merged) = read(
        r#"<table:table-row><table:table-cell office:value-type="percentage" office:value="0.25"><text:p>25%</text:p></table:table-cell><table:table-cell office:value-type="date" office:date-value="2024-01-31"><text:p>31.01.24</text:p></table:table-cell><table:table-cell office:value-type="time" office:time-value="PT1H"><text:p/></table:table-cell><table:table-cell office:value-type="boolean" office:boolean-value="true"><text:p>WAHR</text:p></table:table-cell><table:table-cell table:number-columns-spanned="2" table:number-rows-spanned="3" office:value-type="string"><office:annotation><text:p>why</text:p></office:annotation><text:p>a<text:s text:c="2"/>&lt;b</text:p><text:p>c</text:p></table:table-cell><table:covered-table-cell/><table:table-cell table:number-columns-repeated="2" office:value-type="float" office:value="nonsense"><text:p>x</text:p></table:table-cell></table:table-row>"#,
    );
    assert_eq!(cells, ["0,0=0.25 as 25%", "0,1=2024-01-31", "0,2=PT1H", "0,3=true", "0,4=a  <b\nc", "0,6=x", "0,7=x"]);
    assert_eq!(merged, [Dimensions::new((0, 4), (2, 5))]);
}

#[test]
fn hidden_sheets_are_told_by_their_style() {
    let style = |name: &str, shown: &str| {
        format!(r#"<style:style style:name="{name}"><style:table-properties table:display="{shown}"/></style:style>"#)
    };
    let content = format!(
        r#"<a>{}{}<table:table table:name="A" table:style-name="s"><table:table-row><table:table-cell><table:table table:name="inner"></table:table></table:table-cell></table:table-row></table:table><table:table table:name="B" table:style-name="h"></table:table></a>"#,
        style("s", "true"),
        style("h", "false")
    );
    let found: Vec<_> =
        list(&content).expect("sheets").into_iter().map(|(sheet, _)| (sheet.name, sheet.visible)).collect();
    assert_eq!(found, [("A".into(), SheetVisible::Visible), ("B".into(), SheetVisible::Hidden)]);
    assert!(matches!(list("<a><b></a>"), Err(OdsError::Broken(_))));
}
