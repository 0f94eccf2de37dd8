//! As a PDF: text at places, larger for headings, tables with ruled lines.

use super::{Cell, Part};

const LEFT: f64 = 50.0;
const TOP: f64 = 790.0;
const BOTTOM: f64 = 60.0;
const LINE: f64 = 16.0;
const WIDTH: f64 = 495.0;

struct Page {
    content: Vec<u8>,
    y: f64,
}

pub fn render(parts: &[Part]) -> Vec<u8> {
    let mut pages = vec![Page { content: Vec::new(), y: TOP }];
    for part in parts {
        match part {
            Part::Heading(level, text) => {
                let size = if *level == 1 { 20.0 } else { 15.0 };
                down(&mut pages, 3.0 * LINE);
                down_by(&mut pages, LINE);
                text_at(&mut pages, LEFT, "F2", size, text);
                down_by(&mut pages, LINE * 1.2);
            }
            Part::Line(text) => {
                down(&mut pages, LINE);
                text_at(&mut pages, LEFT, "F1", 11.0, text);
                down_by(&mut pages, LINE * 1.6);
            }
            Part::Pairs(pairs, false) => {
                for (label, value) in pairs {
                    down(&mut pages, LINE);
                    text_at(&mut pages, LEFT, "F1", 11.0, &format!("{label}: {value}"));
                    down_by(&mut pages, LINE * 1.6);
                }
            }
            Part::Pairs(pairs, true) => {
                let rows: Vec<Vec<String>> =
                    pairs.iter().map(|(label, value)| vec![format!("{label}:"), value.clone()]).collect();
                table(&mut pages, &rows);
            }
            Part::Table(header, rows) => {
                let mut texts = vec![header.clone()];
                texts.extend(rows.iter().map(|row| row.iter().map(|cell| Cell::shown(cell).to_owned()).collect()));
                table(&mut pages, &texts);
            }
            Part::PageBreak => pages.push(Page { content: Vec::new(), y: TOP }),
        }
    }
    file(&pages)
}

/// A new page unless so much room is left.
fn down(pages: &mut Vec<Page>, room: f64) {
    if pages.last().is_some_and(|page| page.y - room < BOTTOM) {
        pages.push(Page { content: Vec::new(), y: TOP });
    }
}

fn down_by(pages: &mut [Page], distance: f64) {
    pages.last_mut().expect("a page").y -= distance;
}

fn text_at(pages: &mut [Page], x: f64, font: &str, size: f64, text: &str) {
    let page = pages.last_mut().expect("a page");
    page.content.extend(format!("BT /{font} {size} Tf {x:.1} {:.1} Td (", page.y).bytes());
    for character in text.chars() {
        // WinAnsi is Latin-1 for what these documents print.
        let byte = u8::try_from(u32::from(character)).expect("Latin-1");
        if matches!(byte, b'(' | b')' | b'\\') {
            page.content.push(b'\\');
        }
        page.content.push(byte);
    }
    page.content.extend(b") Tj ET\n");
}

fn table(pages: &mut Vec<Page>, rows: &[Vec<String>]) {
    let columns = rows[0].len();
    let width = WIDTH / f64::from(u32::try_from(columns).expect("few"));
    let place = |column: usize| LEFT + width * f64::from(u32::try_from(column).expect("few"));
    for row in rows {
        down(pages, LINE);
        let y = pages.last().expect("a page").y;
        for (column, text) in row.iter().enumerate() {
            text_at(pages, place(column) + 3.0, "F1", 9.0, text);
        }
        let page = pages.last_mut().expect("a page");
        for column in 0..columns {
            page.content.extend(format!("{:.1} {:.1} {width:.1} {LINE} re S\n", place(column), y - 4.5).bytes());
        }
        page.y -= LINE;
    }
    down_by(pages, LINE);
}

fn file(pages: &[Page]) -> Vec<u8> {
    let kids: String = (0..pages.len()).map(|index| format!("{} 0 R ", 5 + index * 2)).collect();
    let font = |name: &str| {
        format!("<< /Type /Font /Subtype /Type1 /BaseFont /{name} /Encoding /WinAnsiEncoding >>").into_bytes()
    };
    let mut objects = vec![
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        format!("<< /Type /Pages /Kids [{kids}] /Count {} >>", pages.len()).into_bytes(),
        font("Helvetica"),
        font("Helvetica-Bold"),
    ];
    for (index, page) in pages.iter().enumerate() {
        let resources = "<< /Font << /F1 3 0 R /F2 4 0 R >> >>";
        objects.push(
            format!(
                "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources {resources} /Contents {} 0 R >>",
                6 + index * 2
            )
            .into_bytes(),
        );
        let mut stream = format!("<< /Length {} >>\nstream\n", page.content.len()).into_bytes();
        stream.extend(&page.content);
        stream.extend(b"\nendstream");
        objects.push(stream);
    }
    let mut file = b"%PDF-1.4\n".to_vec();
    let mut places = Vec::new();
    for (index, object) in objects.iter().enumerate() {
        places.push(file.len());
        file.extend(format!("{} 0 obj\n", index + 1).bytes());
        file.extend(object);
        file.extend(b"\nendobj\n");
    }
    let start = file.len();
    file.extend(format!("xref\n0 {}\n0000000000 65535 f \n", places.len() + 1).bytes());
    for place in places {
        file.extend(format!("{place:010} 00000 n \n").bytes());
    }
    file.extend(format!("trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n", objects.len() + 1).bytes());
    file
}
