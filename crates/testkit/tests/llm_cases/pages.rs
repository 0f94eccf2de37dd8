//! Pages of PDF files, shown to a model as pictures.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use image::ImageFormat;
use millrace_server::config::ImagesConfig;
use millrace_testkit::files::pdf_of;
use millrace_testkit::{Form, TestApp};
use serde_json::{Value, json};

use super::support::{app_with, artifact, failed, finish, invoice_rule, openai, provider, run_in, stored};

/// What the pages say, each in the midst of its lines: what stands above and below might be taken for running titles.
const SUPPLIERS: [&str; 3] = ["Alder", "Birch", "Cedar"];

/// Pages with more lines the later they come, so that their pictures tell which they are.
fn document(pages: usize) -> Vec<u8> {
    pdf_of(pages, |page| {
        let filling = |count: usize| (0..count).map(|_| "mmmmm mmmmm mmmmm mmmmm".to_owned());
        filling(3).chain([format!("Supplier: {}", SUPPLIERS[page])]).chain(filling(3 + page * 6)).collect()
    })
}

fn rule() -> Value {
    let mut rule = invoice_rule(json!({"images": true, "citations": "off"}));
    rule["json_schema"]["required"] = json!([]);
    rule
}

/// An application with a provider that sees.
async fn seeing(fake: &millrace_testkit::fakes::openai::FakeOpenAi, images: ImagesConfig) -> TestApp {
    let mut provider = provider(fake, "json_schema");
    provider.definition.vision = true;
    // One after the other, so that requests are in the order of the pages.
    provider.definition.max_concurrency = 1;
    app_with(vec![provider], |llm| llm.images = images).await
}

/// What a request shows: its text, and the width, height and number of dark pixels of its picture.
fn shown(request: &Value) -> (String, [u32; 2], usize) {
    let content = request["messages"][1]["content"].as_array().expect("text and a picture");
    let [text, picture] = content.as_slice() else { panic!("{} parts", content.len()) };
    let url = picture["image_url"]["url"].as_str().expect("a URL");
    let data = url.strip_prefix("data:image/png;base64,").expect("PNG");
    let bytes = STANDARD.decode(data).expect("base64");
    let picture = image::load_from_memory_with_format(&bytes, ImageFormat::Png).expect("PNG").into_luma8();
    let dark = picture.pixels().filter(|pixel| pixel.0[0] < 128).count();
    (text["text"].as_str().expect("text").to_owned(), [picture.width(), picture.height()], dark)
}

#[tokio::test]
async fn every_page_is_shown_beside_its_text() {
    let fake = openai();
    let app = seeing(&fake, ImagesConfig { dpi: 72, ..ImagesConfig::default() }).await;
    let rule = stored(&app, rule()).await;
    let project = app.client.project().await;
    let task = run_in(&app, project, rule, "report.pdf", &document(3)).await;
    assert_eq!(task["status"], "completed", "{task}");
    let shown: Vec<_> = fake.requests().iter().map(shown).collect();
    assert_eq!(shown.len(), 3);
    for (index, (text, size, dark)) in shown.iter().enumerate() {
        assert!(text.contains(SUPPLIERS[index]), "{text}");
        assert_eq!(*size, [612, 792], "72 dots per inch are one for each point");
        assert!(
            index == 0 || *dark > shown[index - 1].2 + 100,
            "page {} is not the picture beside its text",
            index + 1
        );
    }
    let exchange = artifact(&app, &task, "exchange").await.to_string();
    assert!(!exchange.contains("base64"), "pictures are not kept");
    // Of some pages, only those.
    let form = Form::of(project).field("rule_id", rule).field("parse_options", r#"{"pages": "2"}"#);
    let id = app.client.submitted(form.file("again.pdf", document(3))).await[0];
    let task = app.client.wait(id).await;
    assert_eq!(task["status"], "completed", "{task}");
    let requests = fake.requests();
    let (text, _, dark) = self::shown(&requests[3]);
    assert!(text.contains("Birch"), "{text}");
    assert_eq!((requests.len(), dark), (4, shown[1].2));
    finish(app).await;
}

#[tokio::test]
async fn pictures_are_within_the_limits() {
    for (images, code, says) in [
        (ImagesConfig { max_pages: 2, ..ImagesConfig::default() }, "too_many_page_images", "llm.images.max_pages is 2"),
        (ImagesConfig { max_bytes: 500, ..ImagesConfig::default() }, "image_too_large", "llm.images.max_bytes is 500"),
    ] {
        let fake = openai();
        let app = seeing(&fake, images).await;
        let rule = stored(&app, rule()).await;
        let project = app.client.project().await;
        let task = run_in(&app, project, rule, "report.pdf", &document(3)).await;
        assert!(failed(&task, code).contains(says), "{task}");
        assert!(fake.requests().is_empty(), "nothing is sent");
        finish(app).await;
    }
    let fake = openai();
    let app = seeing(&fake, ImagesConfig { max_pixels: 10_000, ..ImagesConfig::default() }).await;
    let rule = stored(&app, rule()).await;
    let project = app.client.project().await;
    let task = run_in(&app, project, rule, "report.pdf", &document(2)).await;
    assert_eq!(task["status"], "completed", "{task}");
    for request in fake.requests() {
        let (_, [width, height], _) = shown(&request);
        assert!(width * height <= 10_500 && width * height > 5_000, "{width} x {height}");
    }
    finish(app).await;
}
