//! Charts (DrawingML) as what they show: a title, a kind, and the table of numbers they were drawn from.

use crate::xml::tree::Element;

/// Most points of one series, and most series; more is no chart that somebody reads.
const MAX_POINTS: usize = 10_000;
const MAX_SERIES: usize = 256;
/// Most cells of the table.
const MAX_CELLS: usize = 200_000;

/// What a chart shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Chart {
    /// Its title, if somebody wrote one.
    pub(crate) title: Option<String>,
    /// `Bar chart`, `Line chart` and so on.
    pub(crate) kind: String,
    /// Names of the series over one row for each category; empty when the file keeps no numbers.
    pub(crate) rows: Vec<Vec<String>>,
}

/// Reads the root of a chart's part.
pub(crate) fn read(root: &Element) -> Option<Chart> {
    let chart = root.find("chart")?;
    let plots = chart.child("plotArea")?;
    let mut series: Vec<Series> = Vec::new();
    let mut kinds: Vec<&'static str> = Vec::new();
    for plot in plots.children() {
        let Some(kind) = kind_of(&plot.name) else {
            continue;
        };
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
        series.extend(plot.all("ser").map(Series::read));
    }
    series.truncate(MAX_SERIES);
    let title = chart.child("title").map(title_text).filter(|title| !title.is_empty());
    let kind = if kinds.is_empty() { "Chart".to_owned() } else { format!("{} chart", kinds.join(" and ")) };
    Some(Chart { title, kind, rows: table(&series) })
}

fn kind_of(name: &str) -> Option<&'static str> {
    Some(match name {
        "barChart" | "bar3DChart" => "Bar",
        "lineChart" | "line3DChart" => "Line",
        "pieChart" | "pie3DChart" | "ofPieChart" => "Pie",
        "doughnutChart" => "Doughnut",
        "areaChart" | "area3DChart" => "Area",
        "scatterChart" => "Scatter",
        "bubbleChart" => "Bubble",
        "radarChart" => "Radar",
        "stockChart" => "Stock",
        "surfaceChart" | "surface3DChart" => "Surface",
        _ => return None,
    })
}

fn title_text(title: &Element) -> String {
    let mut paragraphs = Vec::new();
    title.find_all("p", &mut paragraphs);
    let lines: Vec<String> = paragraphs
        .iter()
        .map(|paragraph| {
            let mut pieces = Vec::new();
            paragraph.find_all("t", &mut pieces);
            pieces.iter().map(|piece| piece.text()).collect::<String>()
        })
        .collect();
    let written = lines.join(" ").trim().to_owned();
    if !written.is_empty() {
        return written;
    }
    // A title may be a reference to a cell; the file keeps what the cell said.
    points(title).into_iter().map(|(_, text)| text).collect::<Vec<_>>().join(" ")
}

struct Series {
    name: String,
    categories: Vec<(usize, String)>,
    values: Vec<(usize, String)>,
}

impl Series {
    fn read(series: &Element) -> Self {
        let either = |names: [&str; 2]| {
            let found = names.iter().find_map(|name| series.child(name));
            found.map(points).unwrap_or_default()
        };
        let name = series.child("tx").map(|name| {
            let direct = name.child("v").map(Element::text);
            direct.unwrap_or_else(|| points(name).into_iter().map(|(_, text)| text).collect::<Vec<_>>().join(" "))
        });
        Self { name: name.unwrap_or_default(), categories: either(["cat", "xVal"]), values: either(["val", "yVal"]) }
    }
}

/// The stored points below an element, with their numbers.
fn points(parent: &Element) -> Vec<(usize, String)> {
    // Categories of several levels: the first level is the one at the axis.
    let cache = ["strCache", "numCache", "lvl", "strLit", "numLit"].iter().find_map(|name| parent.find(name));
    let Some(cache) = cache else {
        return Vec::new();
    };
    let points = cache.all("pt").filter_map(|point| {
        let index = point.attribute("idx")?.parse::<usize>().ok().filter(|index| *index < MAX_POINTS)?;
        let value = point.child("v")?.text().trim().to_owned();
        Some((index, if cache.name.starts_with("num") { number(value) } else { value }))
    });
    points.take(MAX_POINTS).collect()
}

/// A number in its shortest form: files hold `4.4000000000000004` where somebody typed 4.4.
fn number(text: String) -> String {
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() && text.len() > 15 => number.to_string(),
        _ => text,
    }
}

fn table(series: &[Series]) -> Vec<Vec<String>> {
    let length = series
        .iter()
        .flat_map(|series| series.values.iter().chain(&series.categories))
        .map(|(index, _)| index + 1)
        .max()
        .unwrap_or(0);
    if length == 0 || series.iter().all(|series| series.values.is_empty()) || length * (series.len() + 1) > MAX_CELLS {
        return Vec::new();
    }
    let mut rows = vec![vec![String::new(); series.len() + 1]; length + 1];
    if let Some(named) = series.iter().find(|series| !series.categories.is_empty()) {
        for (index, text) in &named.categories {
            rows[index + 1][0].clone_from(text);
        }
    }
    for (column, one) in series.iter().enumerate() {
        rows[0][column + 1].clone_from(&one.name);
        for (index, text) in &one.values {
            rows[index + 1][column + 1].clone_from(text);
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::tree::tree;

    #[test]
    fn series_become_columns() {
        let points = |tag: &str, cache: &str, values: &[&str]| {
            let points: String = values
                .iter()
                .enumerate()
                .map(|(index, value)| format!("<c:pt idx=\"{index}\"><c:v>{value}</c:v></c:pt>"))
                .collect();
            format!("<c:{tag}><c:x><c:{cache}>{points}</c:{cache}></c:x></c:{tag}>")
        };
        let series = |name: &str, values: &[&str]| {
            let (name, categories) = (points("tx", "strCache", &[name]), points("cat", "strCache", &["Q1", "Q2"]));
            format!("<c:ser>{name}{categories}{}</c:ser>", points("val", "numCache", values))
        };
        let xml = format!(
            "<c:chartSpace><c:chart><c:title><c:tx><a:p><a:r><a:t>Sales</a:t></a:r></a:p></c:tx></c:title><c:plotArea>\
             <c:bar3DChart>{}{}</c:bar3DChart></c:plotArea></c:chart></c:chartSpace>",
            series("2023", &["1", "2"]),
            series("2024", &["3"])
        );
        let chart = read(&tree(&xml).expect("XML").expect("a root")).expect("a chart");
        assert_eq!((chart.title.as_deref(), chart.kind.as_str()), (Some("Sales"), "Bar chart"));
        assert_eq!(chart.rows, [["", "2023", "2024"], ["Q1", "1", "3"], ["Q2", "2", ""]]);
    }
}
