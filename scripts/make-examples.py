"""Writes the example files: one of each kind that Millrace reads, one broken, one empty, some in a subfolder."""

import datetime
import json
import pathlib
import sys
import zipfile
from email.message import EmailMessage

import docx
import openpyxl
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen import canvas

ORDERS = [
    ("00123", "Ärmelkanal Spedition", "2026-01-14", 3, 19.90),
    ("00124", "Nordwind Mühlen", "2026-01-15", 12, 4.25),
    ("00125", "Café Zürich", "2026-02-02", 1, 349.00),
    ("00126", "Ōsaka Trading", "2026-02-11", 40, 0.75),
]


def pdf(path):
    page = canvas.Canvas(str(path), pagesize=A4, invariant=1)
    page.setTitle("Delivery report, first quarter")
    page.setAuthor("Millrace examples")
    page.setFont("Helvetica-Bold", 18)
    page.drawString(72, 770, "Delivery report, first quarter")
    page.setFont("Helvetica", 11)
    lines = [
        "Forty-six lorries left the yard between January and March. Two were late,",
        "both on the second of February, when the mountain pass was closed.",
        "",
        "The mean time from order to delivery fell from 4.1 to 3.6 days.",
    ]
    for number, line in enumerate(lines):
        page.drawString(72, 735 - 16 * number, line)
    page.showPage()
    page.setFont("Helvetica-Bold", 14)
    page.drawString(72, 770, "Orders by customer")
    page.setFont("Courier", 10)
    for number, (order, customer, date, quantity, price) in enumerate(ORDERS[:3]):
        page.drawString(72, 740 - 15 * number, f"{order}  {customer:<24}{date}  {quantity:>4}  {price:>8.2f}")
    page.showPage()
    page.save()


def word(path):
    document = docx.Document()
    document.core_properties.title = "Quality handbook"
    document.core_properties.author = "Millrace examples"
    document.core_properties.created = document.core_properties.modified = datetime.datetime(2026, 1, 5)
    document.add_heading("Quality handbook", level=1)
    document.add_paragraph("Every delivery is weighed twice: when it leaves, and when it arrives.")
    document.add_heading("What to do when the weights differ", level=2)
    for step in ("Weigh again.", "Write both weights down.", "Call the customer within one hour."):
        document.add_paragraph(step, style="List Number")
    document.add_heading("Tolerances", level=2)
    table = document.add_table(rows=1, cols=2)
    table.rows[0].cells[0].text, table.rows[0].cells[1].text = "Goods", "Tolerance"
    for goods, tolerance in (("Grain", "0.5 %"), ("Flour", "0.2 %"), ("Bread", "none")):
        cells = table.add_row().cells
        cells[0].text, cells[1].text = goods, tolerance
    document.save(str(path))


def workbook(path):
    book = openpyxl.Workbook()
    book.properties.created = book.properties.modified = datetime.datetime(2026, 1, 5)
    sheet = book.active
    sheet.title = "Orders"
    sheet.append(["order", "customer", "date", "quantity", "price", "total"])
    for order, customer, date, quantity, price in ORDERS:
        sheet.append([order, customer, datetime.date.fromisoformat(date), quantity, price, quantity * price])
    stock = book.create_sheet("Stock")
    stock.append(["article", "on hand", "checked"])
    stock.append(["Grain", 1200, True])
    stock.append(["Flour", None, False])
    book.save(str(path))


def open_document(path):
    """An OpenDocument text: headings, a numbered list and a table."""
    space = "urn:oasis:names:tc:opendocument:xmlns"
    media_type = "application/vnd.oasis.opendocument.text"
    row = lambda cells: "<table:table-row>" + "".join(
        f"<table:table-cell><text:p>{cell}</text:p></table:table-cell>" for cell in cells) + "</table:table-row>"
    rows = "".join(row(cells) for cells in [("Part", "Every", "By"), ("Rollers", "2 weeks", "Groß"), ("Scale", "6 months", "王芳")])
    steps = "".join(f"<text:list-item><text:p>{step}</text:p></text:list-item>" for step in ("Stop the mill", "Lock the switch"))
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content xmlns:office="{space}:office:1.0" xmlns:style="{space}:style:1.0" '
        f'xmlns:table="{space}:table:1.0" xmlns:text="{space}:text:1.0" office:version="1.2"><office:automatic-styles>'
        '<text:list-style style:name="Steps"><text:list-level-style-number text:level="1" style:num-format="1" style:num-suffix="."/>'
        '</text:list-style></office:automatic-styles><office:body><office:text>'
        '<text:h text:outline-level="1">Maintenance plan</text:h><text:p>For roller 1 and roller 2.</text:p>'
        f'<text:h text:outline-level="2">Before any work</text:h><text:list text:style-name="Steps">{steps}</text:list>'
        f'<text:h text:outline-level="2">Intervals</text:h><table:table>{rows}</table:table>'
        "</office:text></office:body></office:document-content>")
    manifest = (
        f'<?xml version="1.0" encoding="UTF-8"?><manifest:manifest xmlns:manifest="{space}:manifest:1.0" manifest:version="1.2">'
        f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{media_type}"/>'
        '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/></manifest:manifest>')
    with zipfile.ZipFile(path, "w") as archive:
        # The type comes first, and not compressed.
        for name, text, method in [("mimetype", media_type, zipfile.ZIP_STORED), ("content.xml", content, zipfile.ZIP_DEFLATED),
                                   ("META-INF/manifest.xml", manifest, zipfile.ZIP_DEFLATED)]:
            archive.writestr(zipfile.ZipInfo(name, (2026, 3, 1, 0, 0, 0)), text, method)


def message(path):
    """A message in two forms with an attached table."""
    mail = EmailMessage()
    mail["From"] = "王芳 <wang@example.com>"
    mail["To"] = "Mill office <office@example.com>"
    mail["Subject"] = "Größere Lieferung in March"
    mail["Date"] = "Mon, 02 Mar 2026 08:15:00 +0100"
    mail["Message-ID"] = "<20260302-1@example.com>"
    mail.set_content("Please see the attached list.\n")
    mail.add_alternative("<p>Please see the <b>attached</b> list.</p><ul><li>gate 2</li><li>before noon</li></ul>", subtype="html")
    mail.add_attachment("order;kg\n00125;1200\n00126;800\n".encode(), maintype="text", subtype="csv", filename="deliveries.csv")
    for number, part in enumerate(part for part in mail.walk() if part.is_multipart()):
        part.set_boundary(f"part-{number}")
    path.write_bytes(mail.as_bytes())


def main(folder):
    folder.mkdir(exist_ok=True)
    (folder / "2026" / "february").mkdir(parents=True, exist_ok=True)
    pdf(folder / "delivery-report.pdf")
    word(folder / "quality-handbook.docx")
    workbook(folder / "orders.xlsx")

    rows = ["客户编号,客户名称,城市,余额", "00017,北京磨坊有限公司,北京,1203.50", "00018,上海面粉厂,上海,", '00019,"广州, 粮油贸易",广州,88.00']
    (folder / "customers-gbk.csv").write_bytes("\r\n".join(rows + [""]).encode("gbk"))

    (folder / "price-list.html").write_text(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Price list</title>"
        "<style>td{padding:2px}</style></head>\n<body><nav><a href=\"/\">Home</a></nav>\n<h1>Price list</h1>\n"
        "<p>Valid from <strong>1 March 2026</strong>.</p>\n<table><tr><th>Article</th><th>Price per kg</th></tr>\n"
        "<tr><td>Grain</td><td>€ 0.32</td></tr>\n<tr><td>Flour</td><td>€ 0.81</td></tr></table>\n"
        "<script>console.log('not part of the text')</script></body></html>\n", encoding="utf-8")
    (folder / "readme.md").write_text(
        "# Mill documents\n\nWhat the mill keeps, and *for how long*.\n\n| kind | years |\n|---|---|\n| orders | 10 |\n| weights | 2 |\n\n"
        "- [x] orders scanned\n- [ ] weights scanned\n", encoding="utf-8")
    (folder / "machine.json").write_text(
        json.dumps({"id": 9007199254740993, "name": "Roller 2", "limits": {"rpm": 480, "°C": 65.5}, "tags": ["steel", "1987"]},
                   ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    open_document(folder / "maintenance-plan.odt")
    message(folder / "delivery-note.eml")
    (folder / "broken.pdf").write_bytes((folder / "delivery-report.pdf").read_bytes()[:700])
    (folder / "empty.txt").write_bytes(b"")
    (folder / "2026" / "february" / "weights.tsv").write_text(
        "order\tleft_kg\tarrived_kg\n00123\t812.5\t812.4\n00124\t90\t\n", encoding="utf-8")
    (folder / "2026" / "minutes.txt").write_bytes(
        "Sitzung vom 3. Februar 2026\r\n\r\nAnwesend: Müller, Weiß, Groß\r\nDie Waage wird geprüft.\r\n".encode("windows-1252"))


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
