//! E-mail messages (RFC 5322 and MIME): the header, the body in its best form, and every attachment as a section.

mod part;

use mail_parser::{Address, HeaderName, Message, MessageParser, MessagePart, MimeHeaders, PartType};
use millrace_domain::document::{Block, BlockKind, ParsedDocument};
use serde_json::{Map, Value, json};

use crate::draft::Draft;
use crate::failure::{FailureCode, ParseFailure};
use crate::format::Format;
use crate::members::Members;
use crate::parser::{Input, Isolation, Parser};
use crate::sections::Sections;

/// Levels that headings of the body sink, below the subject.
const BODY_LEVEL: u8 = 1;
/// Level of headings that name attachments.
const ATTACHMENT_LEVEL: u8 = 2;

/// Reads messages.
#[derive(Debug, Clone, Copy, Default)]
pub struct MessageFileParser;

impl Parser for MessageFileParser {
    fn name(&self) -> &'static str {
        "message"
    }

    fn version(&self) -> &'static str {
        "1+mail-parser-0.11"
    }

    fn formats(&self) -> &'static [Format] {
        &[Format::Eml]
    }

    fn isolation(&self) -> Isolation {
        Isolation::Child
    }

    fn parse(&self, input: Input<'_>) -> Result<Draft, ParseFailure> {
        let members = input.members.ok_or_else(|| ParseFailure::unsupported("message without a registry"))?;
        check_nesting(input.bytes, input.limits.max_zip_entries)?;
        let message = MessageParser::default()
            .parse(input.bytes)
            .ok_or_else(|| ParseFailure::unreadable("message", "it has no header"))?;
        let mut sections = Sections::default();
        let subject = header_text(&message, HeaderName::Subject);
        sections.heading(1, subject.as_deref().unwrap_or("(no subject)"));
        let fields = Fields::of(&message, subject);
        fields.write(&mut sections);
        if !body(&message, members, &mut sections)? {
            sections.end_page();
        }
        let mut attachments = Vec::new();
        for id in &message.attachments {
            let Some(part) = message.parts.get(*id as usize) else { continue };
            attachments.push(attachment(&message, part, members, &mut sections)?);
        }
        if is_encrypted(&message) && sections.members_read() == 0 {
            return Err(ParseFailure::encrypted("message"));
        }
        let data = fields.into_data(attachments);
        Ok(Draft { data: Some(data), ..sections.into_draft() })
    }
}

/// Messages inside messages are a chain of boxes to their reader; nobody nests them by the thousand.
fn check_nesting(bytes: &[u8], most: usize) -> Result<(), ParseFailure> {
    let needle = b"message/rfc822";
    let count = bytes.windows(needle.len()).filter(|window| window.eq_ignore_ascii_case(needle)).count();
    if count > most {
        return Err(ParseFailure::archive_too_large("it holds too many messages"));
    }
    Ok(())
}

/// A person's name and address; either may be empty.
type Person = (String, String);

/// The fields of a header that people look for, each with its label (empty when it is not shown), its key in `data`,
/// and its value.
struct Fields {
    texts: Vec<(&'static str, &'static str, String)>,
    people: Vec<(&'static str, &'static str, Vec<Person>)>,
}

impl Fields {
    fn of(message: &Message<'_>, subject: Option<String>) -> Self {
        let people = [
            ("From", "from", message.from()),
            ("To", "to", message.to()),
            ("Cc", "cc", message.cc()),
            ("Bcc", "bcc", message.bcc()),
            ("Reply-To", "reply_to", message.reply_to()),
        ];
        let date = message.date().filter(|date| date.is_valid()).map(mail_parser::DateTime::to_rfc3339);
        let texts = [
            ("", "subject", subject),
            ("Date", "date", date),
            ("", "message_id", message.message_id().map(str::to_owned)),
        ];
        Self {
            texts: texts.into_iter().filter_map(|(label, key, text)| Some((label, key, text?))).collect(),
            people: people
                .into_iter()
                .filter_map(|(label, key, address)| Some((label, key, people_of(address?))))
                .filter(|(_, _, people)| !people.is_empty())
                .collect(),
        }
    }

    /// Key–value lines under the subject.
    fn write(&self, sections: &mut Sections) {
        let people = self.people.iter().map(|(label, _, people)| {
            let people: Vec<String> = people.iter().map(|(name, address)| shown(name, address)).collect();
            format!("{label}: {}", people.join(", "))
        });
        let texts = self.texts.iter().filter(|(label, ..)| !label.is_empty());
        let lines: Vec<String> = people.chain(texts.map(|(label, _, text)| format!("{label}: {text}"))).collect();
        let markdown: String = lines.iter().map(|line| format!("- {line}\n")).collect();
        let blocks = lines.into_iter().map(|line| Block::new(BlockKind::ListItem, line)).collect();
        sections.own(&markdown, blocks);
    }

    fn into_data(self, attachments: Vec<Value>) -> Value {
        let mut data = Map::new();
        for (_, key, text) in self.texts {
            data.insert(key.to_owned(), Value::from(text));
        }
        for (_, key, people) in self.people {
            let people: Vec<Value> =
                people.into_iter().map(|(name, address)| json!({"name": name, "address": address})).collect();
            data.insert(key.to_owned(), Value::from(people));
        }
        data.insert("attachments".to_owned(), Value::from(attachments));
        Value::Object(data)
    }
}

fn people_of(address: &Address<'_>) -> Vec<Person> {
    address
        .iter()
        .map(|person| {
            (person.name.as_deref().unwrap_or("").to_owned(), person.address.as_deref().unwrap_or("").to_owned())
        })
        .collect()
}

fn shown(name: &str, address: &str) -> String {
    match (name, address) {
        (name, "") => name.to_owned(),
        ("", address) => address.to_owned(),
        (name, address) => format!("{name} <{address}>"),
    }
}

/// A header's text; one with raw bytes that are not UTF-8 is decoded by what they look like.
fn header_text(message: &Message<'_>, name: HeaderName<'static>) -> Option<String> {
    let header = message.parts.first()?.headers.iter().find(|header| header.name == name)?;
    let text = header.value.as_text()?.trim();
    if text.contains(char::REPLACEMENT_CHARACTER) {
        let raw = message.raw_message.get(header.offset_start as usize..header.offset_end as usize)?;
        return Some(crate::encoding::decode(raw).text.trim().to_owned());
    }
    (!text.is_empty()).then(|| text.to_owned())
}

/// Adds the body: HTML where there is some, since it has the structure, else plain text. Tells whether it has pages.
fn body(message: &Message<'_>, members: &Members<'_>, sections: &mut Sections) -> Result<bool, ParseFailure> {
    let mut has_pages = false;
    for ids in [&message.html_body, &message.text_body] {
        for id in ids {
            let Some(part) = message.parts.get(*id as usize) else { continue };
            let format = match part.body {
                PartType::Html(_) => Format::Html,
                PartType::Text(_) => Format::Text,
                _ => continue,
            };
            members.budget().take_bytes(part.len() as u64)?;
            match members.part(&part::bytes(message, part), format) {
                Ok(document) if !document.blocks.is_empty() => {
                    has_pages = true;
                    add_body(document, sections);
                }
                // Blank parts are common: the text is in another one.
                Ok(_) => {}
                Err(failure) if failure.code == FailureCode::EmptyFile => {}
                Err(failure) => sections.warn(format!("a part of the body was not read: {failure}")),
            }
        }
        if has_pages {
            break;
        }
    }
    if !has_pages {
        sections.warn("the message has no text of its own".to_owned());
    }
    Ok(has_pages)
}

fn add_body(mut document: ParsedDocument, sections: &mut Sections) {
    for warning in std::mem::take(&mut document.warnings) {
        sections.warn(warning);
    }
    sections.part(document, BODY_LEVEL);
}

/// Adds an attachment, and tells about it.
fn attachment(
    message: &Message<'_>,
    part: &MessagePart<'_>,
    members: &Members<'_>,
    sections: &mut Sections,
) -> Result<Value, ParseFailure> {
    let bytes = part::bytes(message, part);
    let name = part::name(part);
    members.budget().take_entries(1)?;
    members.budget().take_bytes(bytes.len() as u64)?;
    let format = matches!(part.body, PartType::Message(_)).then_some(Format::Eml);
    let before = sections.members_read();
    sections.member(&name, ATTACHMENT_LEVEL, members.parse(&bytes, &name, format))?;
    Ok(json!({
        "name": name,
        "media_type": part::media_type(part),
        "size": bytes.len(),
        "read": sections.members_read() > before,
    }))
}

/// Whether the message itself is an encrypted container (S/MIME or PGP/MIME).
fn is_encrypted(message: &Message<'_>) -> bool {
    let Some(root) = message.parts.first() else { return false };
    let is_enveloped =
        ["pkcs7-mime", "x-pkcs7-mime"].iter().any(|subtype| root.is_content_type("application", subtype))
            && root.content_type().and_then(|kind| kind.attribute("smime-type")) != Some("signed-data");
    is_enveloped || root.is_content_type("multipart", "encrypted")
}
