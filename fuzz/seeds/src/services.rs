//! Answers of remote parsers, and the table of Tesseract.

use crate::files::zip;
use crate::{Seeds, numbered, of_zip};

const LIST: &str = r#"[{"type":"header","text":"Running","page_idx":0,"bbox":[0,0,1000,20]},{"type":"text","text":"Title","text_level":1,"page_idx":0,"bbox":[100,100,500,150]},{"type":"equation","text":"$$\nE = mc^2\n$$","text_format":"latex","page_idx":0},{"type":"table","table_caption":["C"],"table_footnote":[],"table_body":"<table><tr><td colspan=2>a</td></tr><tr><td>1</td><td>2</td></tr></table>","page_idx":1,"bbox":[100,400,900,500]},{"type":"list","list_items":["a","b"],"page_idx":1},{"type":"code","code_body":"x = 1","page_idx":1},{"type":"image","image_caption":["pic"],"page_idx":2}]"#;
const MIDDLE: &str = r#"{"pdf_info":[{"page_idx":0,"page_size":[600,800],"para_blocks":[{"type":"text","bbox":[60,160,540,200],"lines":[{"spans":[{"type":"text","content":"x","score":0.96}]}]}],"discarded_blocks":[]},{"page_idx":1,"page_size":[600,800]}],"_backend":"pipeline","_version_name":"3.4.4"}"#;
const DOCLING: &str = r##"{"status":"success","errors":[{"error_message":"page lost","page_no":2}],"confidence":{"mean_score":0.9,"pages":{"1":{"mean_score":0.8},"2":{"mean_score":null}}},"document":{"md_content":"# T","json_content":{"version":"1.8.0","body":{"children":[{"$ref":"#/texts/0"},{"$ref":"#/groups/0"},{"$ref":"#/tables/0"},{"$ref":"#/pictures/0"}]},"groups":[{"label":"list","children":[{"$ref":"#/texts/1"}]}],"texts":[{"label":"section_header","text":"T","level":1,"prov":[{"page_no":1,"bbox":{"l":10,"t":700,"r":200,"b":680,"coord_origin":"BOTTOMLEFT"}}]},{"label":"list_item","text":"a","prov":[{"page_no":2,"bbox":{"l":1,"t":2,"r":3,"b":4,"coord_origin":"TOPLEFT"}}]},{"label":"caption","text":"c"}],"tables":[{"label":"table","captions":[{"$ref":"#/texts/2"}],"prov":[{"page_no":1}],"data":{"num_rows":2,"num_cols":2,"table_cells":[{"text":"h","row_span":1,"col_span":2,"start_row_offset_idx":0,"end_row_offset_idx":1,"start_col_offset_idx":0,"end_col_offset_idx":2,"column_header":true},{"text":"1","start_row_offset_idx":1,"end_row_offset_idx":2,"start_col_offset_idx":0,"end_col_offset_idx":1}]}}],"pictures":[{"label":"picture","captions":[]}],"pages":{"1":{"page_no":1,"size":{"width":612,"height":792}},"2":{"page_no":2,"size":{"width":612,"height":792}}}}}}"##;
const TSV: &str = "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext\n1\t1\t0\t0\t0\t0\t0\t0\t600\t400\t-1\t\n5\t1\t1\t1\t1\t1\t40\t42\t100\t20\t96.5\tInvoice\n5\t1\t1\t1\t2\t1\t42\t80\t60\t20\t50\t17\n5\t1\t1\t2\t1\t1\t40\t120\t20\t20\t80\t合\n";

pub(crate) fn seeds() -> Vec<(&'static str, Seeds)> {
    let quoted = |json: &str| json.replace('\\', "\\\\").replace('"', "\\\"");
    let mineru = format!(
        r##"{{"backend":"pipeline","version":"3.4.4","results":{{"a":{{"md_content":"# T","content_list":{LIST},"middle_json":{MIDDLE}}}}}}}"##
    );
    let embedded = format!(r#"{{"results":{{"a":{{"content_list":"{}"}}}}}}"#, quoted(LIST));
    let archive = zip(&[
        ("full.md", b"# T\n\ntext"),
        ("x_content_list.json", LIST.as_bytes()),
        ("layout.json", MIDDLE.as_bytes()),
    ]);
    let markdown = zip(&[("full.md", b"# T\n\n| a |\n|---|\n| 1 |\n")]);
    vec![
        ("mineru", numbered([mineru, embedded, r##"{"results":{"a":{"md_content":"# T\n\nx"}}}"##.to_owned()])),
        ("mineru_cloud", numbered([of_zip(&archive), of_zip(&markdown), archive])),
        (
            "docling",
            numbered([
                DOCLING,
                r##"{"status":"success","document":{"md_content":"# T"}}"##,
                r#"{"status":"failure","errors":[]}"#,
            ]),
        ),
        ("tesseract_tsv", numbered([TSV])),
    ]
}
