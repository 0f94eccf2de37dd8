//! Numbers of lists in the ways of writing that Office knows (ECMA-376 part 1, 17.18.59).

/// A number in a format by its name; formats that are not known give decimal digits.
pub(super) fn write(number: u32, format: &str) -> String {
    match format {
        "lowerLetter" => letters(number, b'a'),
        "upperLetter" => letters(number, b'A'),
        "lowerRoman" => roman(number).to_lowercase(),
        "upperRoman" => roman(number),
        "decimalZero" => format!("{number:02}"),
        "chineseCounting"
        | "chineseCountingThousand"
        | "taiwaneseCounting"
        | "taiwaneseCountingThousand"
        | "japaneseCounting"
        | "ideographDigital"
        | "japaneseDigitalTenThousand" => chinese(number),
        "decimalEnclosedCircle" | "decimalEnclosedCircleChinese" => offset(number, '①', 20),
        "ideographTraditional" => stem(number),
        "none" => String::new(),
        _ => number.to_string(),
    }
}

/// `a` to `z`, then `aa`, `bb`, as Word goes on.
fn letters(number: u32, first: u8) -> String {
    let Some(index) = number.checked_sub(1) else {
        return "0".to_owned();
    };
    let letter = char::from(first + u8::try_from(index % 26).unwrap_or(0));
    letter.to_string().repeat((index / 26).min(9) as usize + 1)
}

fn roman(number: u32) -> String {
    const SIGNS: [(u32, &str); 13] = [
        (1000, "M"),
        (900, "CM"),
        (500, "D"),
        (400, "CD"),
        (100, "C"),
        (90, "XC"),
        (50, "L"),
        (40, "XL"),
        (10, "X"),
        (9, "IX"),
        (5, "V"),
        (4, "IV"),
        (1, "I"),
    ];
    if !(1..=9_999).contains(&number) {
        return number.to_string();
    }
    let mut rest = number;
    let mut text = String::new();
    for (value, sign) in SIGNS {
        while rest >= value {
            text.push_str(sign);
            rest -= value;
        }
    }
    text
}

fn chinese(number: u32) -> String {
    const DIGITS: [char; 10] = ['零', '一', '二', '三', '四', '五', '六', '七', '八', '九'];
    const UNITS: [(u32, &str); 4] = [(1000, "千"), (100, "百"), (10, "十"), (1, "")];
    if number == 0 || number > 9_999 {
        return if number == 0 { "零".to_owned() } else { number.to_string() };
    }
    let mut text = String::new();
    let mut is_gap = false;
    for (unit, sign) in UNITS {
        let digit = number / unit % 10;
        if digit == 0 {
            is_gap = !text.is_empty();
            continue;
        }
        if is_gap {
            text.push('零');
            is_gap = false;
        }
        // 10 to 19 begin with the ten itself.
        if !(digit == 1 && unit == 10 && text.is_empty()) {
            text.push(DIGITS[digit as usize]);
        }
        text.push_str(sign);
    }
    text
}

/// The ten heavenly stems.
fn stem(number: u32) -> String {
    let sign = number.checked_sub(1).and_then(|index| "甲乙丙丁戊己庚辛壬癸".chars().nth(index as usize));
    sign.map_or_else(|| number.to_string(), |sign| sign.to_string())
}

/// The sign that stands so far behind the first of its row.
fn offset(number: u32, first: char, count: u32) -> String {
    let sign =
        number.checked_sub(1).filter(|index| *index < count).and_then(|index| char::from_u32(first as u32 + index));
    sign.map_or_else(|| number.to_string(), |sign| sign.to_string())
}

#[cfg(test)]
mod tests {
    use super::write;

    #[test]
    fn numbers_are_written_in_many_ways() {
        let check = |number, format: &str, expected: &str| assert_eq!(write(number, format), expected, "{format}");
        check(7, "decimal", "7");
        check(28, "lowerLetter", "bb");
        check(4, "upperRoman", "IV");
        check(1_994, "lowerRoman", "mcmxciv");
        check(3, "decimalZero", "03");
        check(10, "chineseCounting", "十");
        check(21, "chineseCountingThousand", "二十一");
        check(105, "chineseCountingThousand", "一百零五");
        check(3, "decimalEnclosedCircle", "③");
        check(2, "ideographTraditional", "乙");
        check(5, "somethingNew", "5");
        check(u32::MAX, "upperRoman", "4294967295");
    }
}
