//! An invoice, a contract and a price list, each with the rule that reads them.

use serde_json::{Value, json};

use super::locale::{LOCALES, Locale};
use super::random::Random;
use super::{Cell, Part, Truth};

const COMPANIES: [&str; 6] =
    ["Acme Tools Ltd", "Nordwind GmbH", "Dupont et Fils", "Rosa Holding S.A.", "Blue River Inc", "Hansen & Co"];
const GOODS: [&str; 8] =
    ["Steel bolt M8", "Oak panel", "Copper wire", "Hinge, brass", "Paint 5 l", "Gasket A-12", "Valve 3/4", "Filter HX"];

fn date(random: &mut Random) -> (u64, u64, u64) {
    (random.between(1999, 2031), random.between(1, 12), random.between(1, 28))
}

fn iso((year, month, day): (u64, u64, u64)) -> String {
    format!("{year}-{month:02}-{day:02}")
}

/// Hundredths as a JSON number.
fn number(cents: u64) -> Value {
    if cents.is_multiple_of(100) { json!(cents / 100) } else { json!(as_f64(cents)) }
}

#[expect(clippy::cast_precision_loss, reason = "amounts are far below 2^53")]
fn as_f64(cents: u64) -> f64 {
    cents as f64 / 100.0
}

fn money(cents: u64, locale: &Locale) -> Value {
    json!({"amount": number(cents), "currency": locale.currency})
}

fn amount_cell(cents: u64, locale: &Locale) -> Cell {
    Cell::Number(locale.amount(cents), as_f64(cents))
}

fn pair(label: &str, value: impl Into<String>) -> (String, String) {
    (label.to_owned(), value.into())
}

/// Labels, a table of items over a page break now and then, totals below.
pub fn invoice(seed: u64) -> Truth {
    let mut random = Random::new(seed);
    let locale = random.pick(&LOCALES);
    let number_text = format!("{}-{:05}", random.pick(&["RE", "INV", "2024"]), random.between(1, 99_999));
    let (issued, due) = (date(&mut random), date(&mut random));
    let (seller, buyer) = (*random.pick(&COMPANIES), *random.pick(&COMPANIES));
    let mut parts = vec![
        Part::Heading(1, format!("Invoice of {seller}")),
        Part::Pairs(
            vec![
                pair("Invoice No", &*number_text),
                pair("Invoice date", locale.date(issued, random.chance())),
                pair("Due date", locale.date(due, random.chance())),
                pair("Customer", buyer),
            ],
            random.chance(),
        ),
        Part::Heading(2, "Items".to_owned()),
    ];
    let (mut rows, mut items, mut net) = (Vec::new(), Vec::new(), 0);
    for position in 1..=random.between(1, 12) {
        let (quantity, price) = (random.between(1, 1_500), random.between(5, 250_000));
        let name = *random.pick(&GOODS);
        let total = quantity * price;
        net += total;
        rows.push(vec![
            Cell::Text(position.to_string()),
            Cell::Text(name.to_owned()),
            Cell::Number(locale.whole(quantity), as_f64(quantity * 100)),
            amount_cell(price, locale),
            amount_cell(total, locale),
        ]);
        items.push(json!({"name": name, "quantity": quantity, "price": number(price), "total": number(total)}));
    }
    let header = ["Pos.", "Description", *random.pick(&["Qty", "Quantity"]), "Unit price", "Amount"];
    parts.push(Part::Table(header.iter().map(|name| (*name).to_owned()).collect(), rows));
    let tax = net / 5;
    let shown = |cents| format!("{} {}", locale.amount(cents), locale.currency);
    parts.push(Part::Pairs(
        vec![pair("Subtotal", shown(net)), pair("VAT 20%", shown(tax)), pair("Total", shown(net + tax))],
        random.chance(),
    ));
    Truth {
        parts,
        formats: &["docx", "xlsx", "html", "pdf"],
        value: json!({
            "number": number_text, "issued": iso(issued), "due": iso(due), "customer": buyer, "items": items,
            "net": money(net, locale), "tax": money(tax, locale), "total": money(net + tax, locale),
        }),
        rule: json!({
            "locale": locale.tag,
            "fields": {
                "number": {"from": {"key": ["Invoice No", "Rechnungsnummer"]}, "required": true},
                "issued": {"from": {"key": "Invoice date"}, "type": "date", "required": true},
                "due": {"from": {"key": "Due date"}, "type": "date", "required": true},
                "customer": {"from": {"key": "Customer"}, "required": true},
                "items": {
                    "each": {"table": {"header": ["Description", ["Qty", "Quantity"], "Amount"]}},
                    "required": true,
                    "fields": {
                        "name": {"from": {"column": "Description"}, "required": true},
                        "quantity": {"from": {"column": ["Qty", "Quantity"]}, "type": "integer", "required": true},
                        "price": {"from": {"column": "Unit price"}, "type": "number", "required": true},
                        "total": {"from": {"column": "Amount"}, "type": "number", "required": true},
                    },
                },
                "net": {"from": {"key": "Subtotal"}, "type": "money", "required": true},
                "tax": {"from": {"key": {"regex": "^VAT"}}, "type": "money", "required": true},
                "total": {"from": {"key": "Total"}, "type": "money", "required": true},
            },
        }),
    }
}

/// Headings in headings, dates and numbers in sentences.
pub fn contract(seed: u64) -> Truth {
    let mut random = Random::new(seed);
    let locale = random.pick(&LOCALES);
    let number_text = format!("C/{}/{}", random.between(2000, 2030), random.between(1, 9_999));
    let (signed, begins) = (date(&mut random), date(&mut random));
    let (landlord, tenant) = (*random.pick(&COMPANIES), *random.pick(&COMPANIES));
    let (months, days, rent) = (random.between(6, 120), random.between(5, 60), random.between(50_000, 9_000_000));
    let parts = vec![
        Part::Heading(1, "Lease agreement".to_owned()),
        Part::Pairs(
            vec![pair("Contract number", &*number_text), pair("Landlord", landlord), pair("Tenant", tenant)],
            false,
        ),
        Part::Heading(2, "1. Term".to_owned()),
        Part::Line(format!("The lease begins on {}.", locale.date(begins, true))),
        Part::Line(format!("It runs for {months} months and ends without notice.")),
        Part::Heading(2, "2. Rent".to_owned()),
        Part::Line(format!("The monthly rent is {} {}.", locale.amount(rent), locale.currency)),
        Part::Line(format!("It is due within {days} days.")),
        Part::PageBreak,
        Part::Heading(2, "3. Notices".to_owned()),
        Part::Line("Notices are due within 3 days.".to_owned()),
        Part::Heading(2, "Signatures".to_owned()),
        Part::Line(format!("Signed on {} by both parties.", locale.date(signed, false))),
    ];
    Truth {
        parts,
        // No workbook: a contract is text under headings.
        formats: &["docx", "html", "pdf"],
        value: json!({
            "number": number_text, "parties": {"landlord": landlord, "tenant": tenant}, "begins": iso(begins),
            "months": months, "rent": money(rent, locale), "due_days": days, "signed": iso(signed),
        }),
        rule: json!({
            "locale": locale.tag,
            "fields": {
                "number": {"from": {"key": "Contract number"}, "required": true},
                "parties": {"fields": {
                    "landlord": {"from": {"key": "Landlord"}, "required": true},
                    "tenant": {"from": {"key": "Tenant"}, "required": true},
                }},
                "begins": {
                    "from": {"heading": {"regex": "Term$"}, "then": {"regex": "begins\\s+on\\s+(.+?\\d{4})\\."}},
                    "type": "date", "required": true,
                },
                "months": {
                    "from": {"heading": {"regex": "Term$"}, "then": {"regex": "(\\d+)\\s+months"}},
                    "type": "integer", "required": true,
                },
                "rent": {
                    "from": {"heading": "2. Rent", "then": {"regex": "rent\\s+is\\s+(.+?[A-Z]{3})\\."}},
                    "type": "money", "required": true,
                },
                "due_days": {
                    "from": {"heading": "2. Rent", "then": {"regex": "within\\s+(\\d+)\\s+days"}},
                    "type": "integer", "required": true,
                },
                "signed": {"from": {"regex": "Signed\\s+on\\s+(\\S+)"}, "type": "date", "required": true},
            },
        }),
    }
}

/// One object a row.
pub fn price_list(seed: u64) -> Truth {
    let mut random = Random::new(seed);
    let locale = random.pick(&LOCALES);
    let (mut rows, mut value) = (Vec::new(), Vec::new());
    for index in 0..random.between(2, 30) {
        let (price, stock) = (random.between(1, 9_999_999), random.between(0, 20_000));
        let (name, from, is_sold) = (*random.pick(&GOODS), date(&mut random), random.chance());
        let sku = format!("{:03}-{}", index, random.between(10, 99));
        rows.push(vec![
            Cell::Text(sku.clone()),
            Cell::Text(name.to_owned()),
            amount_cell(price, locale),
            Cell::Number(locale.whole(stock), as_f64(stock * 100)),
            Cell::Text(locale.date(from, false)),
            Cell::Text(if is_sold { "yes" } else { "no" }.to_owned()),
        ]);
        value.push(json!({
            "sku": sku, "name": name, "price": number(price), "stock": stock, "from": iso(from), "sold": is_sold,
        }));
    }
    let header = ["SKU", "Article", "Price", "Stock", "Valid from", "Sold"];
    Truth {
        parts: vec![
            Part::Heading(1, "Price list".to_owned()),
            Part::Line(format!("Prices in {}.", locale.currency)),
            Part::Table(header.iter().map(|name| (*name).to_owned()).collect(), rows),
        ],
        formats: &["docx", "xlsx", "html", "pdf"],
        value: Value::Array(value),
        rule: json!({
            "locale": locale.tag,
            "each": {"table": {"header": ["SKU", ["Article", "Product"], "Price"]}},
            "fields": {
                "sku": {"from": {"column": "SKU"}, "required": true},
                "name": {"from": {"column": ["Product", "Article"]}, "required": true},
                "price": {"from": {"column": "Price"}, "type": "number", "required": true},
                "stock": {"from": {"column": "Stock"}, "type": "integer", "required": true},
                "from": {"from": {"column": "Valid from"}, "type": "date", "required": true},
                "sold": {"from": {"column": "Sold"}, "type": "boolean", "required": true},
            },
        }),
    }
}
