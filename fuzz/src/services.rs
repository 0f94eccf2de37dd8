//! What remote parsers and Tesseract answer.

use millrace_domain::parse_options::PageRanges;
use millrace_pipeline_handlers::engine::answer::read;
use millrace_pipeline_handlers::engine::remote::form::{AnswerForm, Service};
use millrace_pipeline_handlers::engine::tesseract::tsv;

use crate::limits::LIMITS;
use crate::{contained, parse, plain};

/// JSON of a MinerU server.
pub fn mineru(data: &[u8]) {
    answer(data, Service::Mineru);
}

/// A result archive of mineru.net, also in its [`plain`] form.
pub fn mineru_cloud(data: &[u8]) {
    answer(&plain::to_zip(data), Service::MineruCloud);
}

/// JSON of docling-serve.
pub fn docling(data: &[u8]) {
    answer(data, Service::Docling);
}

fn answer(data: &[u8], service: Service) {
    contained::in_child(|| {
        for pages in [None, PageRanges::parse("2-3,7").ok()] {
            parse::judge(&read(data, &AnswerForm { service, pages }, &LIMITS));
        }
    });
}

/// The table of words that Tesseract prints.
pub fn tesseract(data: &[u8]) {
    let recognised = tsv::read(&String::from_utf8_lossy(data));
    let scores = recognised.blocks.iter().filter_map(|block| block.confidence);
    for score in scores.chain(recognised.quality.map(|quality| quality.score)) {
        assert!((0.0..=1.0).contains(&score), "a confidence of {score}");
    }
    for number in
        recognised.blocks.iter().filter_map(|block| block.bbox).flatten().chain(recognised.size.unwrap_or_default())
    {
        assert!(number.is_finite(), "a box that JSON cannot hold");
    }
}
