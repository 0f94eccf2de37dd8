//! The whole application: a file goes in, what an engine made of it comes out mounted.

use std::fmt::Write as _;
use std::io::Cursor;

use image::{GrayImage, ImageFormat};
use millrace_pipeline_handlers::limits::ParserLimits;
use millrace_pipeline_handlers::pool::WorkerInput;
use millrace_pipeline_handlers::render::{PictureForm, RenderPage};
use millrace_server::config::RemoteLimits;
use millrace_testkit::TestApp;
use millrace_testkit::fakes::{FakeMineru, MineruConditions};
use serde_json::Value;

use crate::support::{app, pdf, pool};

/// What was mounted of a file.
async fn mounted(app: &TestApp, name: &str, bytes: Vec<u8>) -> (Value, Value) {
    let project = app.client.project().await;
    let task = app.client.run(project, name, bytes).await;
    assert_eq!(task["status"], "completed", "{task}");
    let table = task["metadata"]["mount_table_id"].as_i64().expect("a table");
    let (path, key) = (&task["metadata"]["mount_json_path"], &task["metadata"]["mount_key"]);
    let pointer = format!("{}/{}", path.as_str().expect("a container"), key.as_str().expect("a key"));
    let data = app.client.data(table, &pointer).await;
    (task, data)
}

/// A file that nobody reads locally is read by MinerU, through a restart of it.
#[tokio::test]
async fn mineru_reads_what_local_parsers_do_not() {
    let fake = FakeMineru::start(MineruConditions { restart_after: Some(2), ..Default::default() }).expect("a fake");
    let app = app(|config| {
        config.parsers.mineru.url = Some(fake.base().to_owned());
        config.parsers.mineru.limits = RemoteLimits { poll_first_ms: 1, poll_max_ms: 2, ..RemoteLimits::default() };
        config.parsers.tesseract.program = None;
        config.parsers.order.retain(|name| name.as_str() != "tesseract");
    })
    .await;
    let (task, data) = mounted(&app, "scan.pdf", pdf(2, "")).await;
    assert_eq!(task["result"]["parser"], "mineru", "{task}");
    assert!(task["result"]["mineru_task_id"].as_str().is_some_and(|id| id.starts_with("5e7a61de")), "{task}");
    let content = data["content"].as_str().expect("text");
    assert!(content.contains("Text of page 1") && content.contains("| page | 2 |"), "{content}");
    assert_eq!(fake.submitted(), 2);
    app.finish().await.expect("nothing is left");
}

#[tokio::test]
async fn tesseract_reads_pictures_and_scans() {
    let picture = picture("Millrace reads this picture").await;
    let app = app(|_as_it_comes| {}).await;
    let (task, data) = mounted(&app, "photo.png", png(&picture)).await;
    assert_eq!(task["result"]["parser"], "tesseract", "{task}");
    assert!(data["content"].as_str().is_some_and(|text| text.contains("Millrace reads this picture")), "{data}");
    let (_, data) = mounted(&app, "scan.pdf", scan(&picture)).await;
    assert!(data["content"].as_str().is_some_and(|text| text.contains("Millrace reads this picture")), "{data}");
    app.finish().await.expect("nothing is left");
}

#[tokio::test]
async fn without_any_of_them_scans_and_pictures_fail_as_such() {
    let picture = picture("Nobody reads this").await;
    let app = app(|config| config.parsers.order.retain(|name| name.as_str() == "local")).await;
    for (name, bytes, code) in
        [("photo.png", png(&picture), "ocr_unavailable"), ("scan.pdf", scan(&picture), "no_text_layer")]
    {
        let project = app.client.project().await;
        let task = app.client.run(project, name, bytes).await;
        assert_eq!((&task["status"], &task["error"]["code"]), (&"failed".into(), &code.into()), "{task}");
    }
    app.finish().await.expect("nothing is left");
}

/// A page with a line of text, at 150 pixels per inch.
async fn picture(text: &str) -> GrayImage {
    let content = format!("BT /F1 16 Tf 40 100 Td ({text}) Tj ET");
    let bytes = pdf_of(&[
        "<< /Type /Catalog /Pages 2 0 R >>".into(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".into(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 360 200] /Resources << /Font << /F1 5 0 R >> >> /Contents 4 0 R >>".into(),
        format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>".into(),
    ]);
    let page = RenderPage { page: 1, dpi: 150.0, max_pixels: 10_000_000, form: PictureForm::Pgm };
    let page = pool().render(WorkerInput::Inline(bytes.into()), page, ParserLimits::default()).await.expect("a page");
    image::load_from_memory_with_format(&page.picture, ImageFormat::Pnm).expect("PGM").into_luma8()
}

fn png(picture: &GrayImage) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, ImageFormat::Png).expect("encoded");
    bytes.into_inner()
}

/// A PDF whose only page is the picture.
fn scan(picture: &GrayImage) -> Vec<u8> {
    let (width, height) = picture.dimensions();
    let hex = picture.as_raw().iter().fold(String::new(), |mut hex, byte| {
        let _infallible = write!(hex, "{byte:02x}");
        hex
    });
    let content = "q 360 0 0 200 0 0 cm /I Do Q";
    pdf_of(&[
        "<< /Type /Catalog /Pages 2 0 R >>".into(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".into(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 360 200] /Resources << /XObject << /I 5 0 R >> >> /Contents 4 0 R >>".into(),
        format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len()),
        format!(
            "<< /Type /XObject /Subtype /Image /Width {width} /Height {height} /ColorSpace /DeviceGray /BitsPerComponent 8 /Filter /ASCIIHexDecode /Length {} >>\nstream\n{hex}>\nendstream",
            hex.len() + 1
        ),
    ])
}

fn pdf_of(objects: &[String]) -> Vec<u8> {
    let mut file = String::from("%PDF-1.4\n");
    let mut offsets = String::new();
    for (index, object) in objects.iter().enumerate() {
        let _infallible = writeln!(offsets, "{:010} 00000 n ", file.len());
        let _infallible = write!(file, "{} 0 obj\n{object}\nendobj\n", index + 1);
    }
    let (size, start) = (objects.len() + 1, file.len());
    let _infallible = write!(
        file,
        "xref\n0 {size}\n0000000000 65535 f \n{offsets}trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n"
    );
    file.into_bytes()
}
