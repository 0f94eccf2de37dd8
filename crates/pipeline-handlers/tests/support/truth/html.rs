//! As an HTML page.

use super::Part;

pub fn render(parts: &[Part]) -> Vec<u8> {
    let mut body = String::new();
    for part in parts {
        match part {
            Part::Heading(level, text) => body += &format!("<h{level}>{}</h{level}>\n", escaped(text)),
            Part::Line(text) => body += &format!("<p>{}</p>\n", escaped(text)),
            Part::Pairs(pairs, is_table) => {
                for (label, value) in pairs.iter().filter(|_| !is_table) {
                    body += &format!("<p><b>{}:</b> {}</p>\n", escaped(label), escaped(value));
                }
                if *is_table {
                    let rows = pairs.iter().map(|(label, value)| {
                        format!("<tr><td>{}:</td><td>{}</td></tr>\n", escaped(label), escaped(value))
                    });
                    body += &format!("<table>{}</table>\n", rows.collect::<String>());
                }
            }
            Part::Table(header, rows) => {
                let cells = |tag: &str, texts: &[&str]| {
                    let cells = texts.iter().map(|text| format!("<{tag}>{}</{tag}>", escaped(text)));
                    format!("<tr>{}</tr>\n", cells.collect::<String>())
                };
                body += "<table>";
                body += &cells("th", &header.iter().map(String::as_str).collect::<Vec<_>>());
                for row in rows {
                    body += &cells("td", &row.iter().map(super::Cell::shown).collect::<Vec<_>>());
                }
                body += "</table>\n";
            }
            Part::PageBreak => body += "<hr>\n",
        }
    }
    format!("<!doctype html><html><head><meta charset=utf-8><title>x</title></head><body>{body}</body></html>")
        .into_bytes()
}

pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
