//! What is abbreviated, and what it stands for.

/// A unit of measure.
pub(super) struct Unit {
    /// As written after a number.
    pub(super) symbol: &'static str,
    /// After "one".
    pub(super) one: &'static str,
    /// After every other number.
    pub(super) many: &'static str,
    /// Whether the symbol stands for the unit without a number too ("in km").
    pub(super) alone: bool,
}

const fn unit(symbol: &'static str, one: &'static str, many: &'static str, alone: bool) -> Unit {
    Unit { symbol, one, many, alone }
}

/// Units of measure. The longest symbol that fits is taken.
pub(super) const UNITS: &[Unit] = &[
    unit("km/h", "kilometer per hour", "kilometers per hour", true),
    unit("kmh", "kilometer per hour", "kilometers per hour", true),
    unit("kph", "kilometer per hour", "kilometers per hour", true),
    unit("mph", "mile per hour", "miles per hour", true),
    unit("m/s", "meter per second", "meters per second", true),
    unit("mpg", "mile per gallon", "miles per gallon", true),
    unit("km", "kilometer", "kilometers", true),
    unit("m", "meter", "meters", false),
    unit("cm", "centimeter", "centimeters", true),
    unit("mm", "millimeter", "millimeters", true),
    unit("mi", "mile", "miles", false),
    unit("ft", "foot", "feet", false),
    unit("yd", "yard", "yards", false),
    unit("h", "hour", "hours", false),
    unit("hr", "hour", "hours", false),
    unit("hrs", "hour", "hours", false),
    unit("min", "minute", "minutes", false),
    unit("mins", "minute", "minutes", false),
    unit("s", "second", "seconds", false),
    unit("sec", "second", "seconds", false),
    unit("secs", "second", "seconds", false),
    unit("ms", "millisecond", "milliseconds", false),
    unit("kWh", "kilowatt hour", "kilowatt hours", true),
    unit("kW", "kilowatt", "kilowatts", true),
    unit("W", "watt", "watts", false),
    unit("V", "volt", "volts", false),
    unit("A", "amp", "amps", false),
    unit("hp", "horsepower", "horsepower", false),
    unit("rpm", "revolution per minute", "revolutions per minute", true),
    unit("psi", "pound per square inch", "pounds per square inch", true),
    unit("kPa", "kilopascal", "kilopascals", true),
    unit("l", "liter", "liters", false),
    unit("L", "liter", "liters", false),
    unit("gal", "gallon", "gallons", false),
    unit("kg", "kilogram", "kilograms", true),
    unit("g", "gram", "grams", false),
    unit("lb", "pound", "pounds", false),
    unit("lbs", "pound", "pounds", false),
    unit("oz", "ounce", "ounces", false),
    unit("MHz", "megahertz", "megahertz", true),
    unit("kHz", "kilohertz", "kilohertz", true),
    unit("Hz", "hertz", "hertz", true),
    unit("GB", "gigabyte", "gigabytes", true),
    unit("MB", "megabyte", "megabytes", true),
    unit("dB", "decibel", "decibels", true),
];

/// A currency: sign, name of one, of several, of one hundredth, of several.
pub(super) struct Currency {
    /// Before or after the amount.
    pub(super) signs: &'static [&'static str],
    /// One and several.
    pub(super) whole: [&'static str; 2],
    /// One hundredth and several; none where there is no such coin.
    pub(super) hundredth: Option<[&'static str; 2]>,
}

/// Currencies.
pub(super) const CURRENCIES: &[Currency] = &[
    Currency { signs: &["$", "USD"], whole: ["dollar", "dollars"], hundredth: Some(["cent", "cents"]) },
    Currency { signs: &["€", "EUR"], whole: ["euro", "euros"], hundredth: Some(["cent", "cents"]) },
    Currency { signs: &["£", "GBP"], whole: ["pound", "pounds"], hundredth: Some(["penny", "pence"]) },
    Currency { signs: &["CHF"], whole: ["franc", "francs"], hundredth: Some(["centime", "centimes"]) },
    Currency { signs: &["¥", "JPY"], whole: ["yen", "yen"], hundredth: None },
];

/// Months in order.
pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// Abbreviations that are written with a full stop.
const DOTTED: &[(&str, &str)] = &[
    ("Mr", "Mister"),
    ("Mrs", "Mrs"),
    ("Ms", "Miz"),
    ("Prof", "Professor"),
    ("Jr", "Junior"),
    ("Sr", "Senior"),
    ("Ave", "Avenue"),
    ("Blvd", "Boulevard"),
    ("Rd", "Road"),
    ("Ln", "Lane"),
    ("Hwy", "Highway"),
    ("Pkwy", "Parkway"),
    ("Sq", "Square"),
    ("Apt", "Apartment"),
    ("Bldg", "Building"),
    ("Mt", "Mount"),
    ("Ft", "Fort"),
    ("Ltd", "Limited"),
    ("Inc", "Incorporated"),
    ("Corp", "Corporation"),
    ("Co", "Company"),
    ("Bros", "Brothers"),
    ("Dept", "Department"),
    ("approx", "approximately"),
    ("vs", "versus"),
    ("etc", "et cetera"),
    ("vol", "volume"),
    ("max", "maximum"),
    ("min", "minimum"),
    ("Jan", "January"),
    ("Feb", "February"),
    ("Mar", "March"),
    ("Apr", "April"),
    ("Jun", "June"),
    ("Jul", "July"),
    ("Aug", "August"),
    ("Sep", "September"),
    ("Sept", "September"),
    ("Oct", "October"),
    ("Nov", "November"),
    ("Dec", "December"),
    ("Mon", "Monday"),
    ("Tue", "Tuesday"),
    ("Tues", "Tuesday"),
    ("Wed", "Wednesday"),
    ("Thu", "Thursday"),
    ("Thur", "Thursday"),
    ("Thurs", "Thursday"),
    ("Fri", "Friday"),
    ("Sat", "Saturday"),
];

/// Abbreviations that need no full stop.
const PLAIN: &[(&str, &str)] = &[
    ("Mr", "Mister"),
    ("Mrs", "Mrs"),
    ("Ms", "Miz"),
    ("Ave", "Avenue"),
    ("Blvd", "Boulevard"),
    ("Rd", "Road"),
    ("Hwy", "Highway"),
    ("Pkwy", "Parkway"),
    ("vs", "versus"),
    ("NE", "northeast"),
    ("NW", "northwest"),
    ("SE", "southeast"),
    ("SW", "southwest"),
];

/// Abbreviations that are another word before a name than after it: "St. Mary", "Market St."
const BEFORE_OR_AFTER_NAME: &[(&str, &str, &str)] = &[("St", "Saint", "Street"), ("Dr", "Doctor", "Drive")];

/// What `word` stands for, if it is an abbreviation. `dotted`: a full stop follows. `name_follows`:
/// a capitalised word follows.
pub(super) fn abbreviation(word: &str, dotted: bool, name_follows: bool) -> Option<&'static str> {
    if let Some((_, before, after)) = BEFORE_OR_AFTER_NAME.iter().find(|(short, ..)| *short == word) {
        return Some(if name_follows { before } else { after });
    }
    let table = if dotted { DOTTED } else { PLAIN };
    table.iter().find(|(short, _)| *short == word).map(|(_, long)| *long)
}

/// Number of the month of this name, 1..=12.
pub(super) fn month(name: &str) -> Option<usize> {
    MONTHS.iter().position(|month| *month == name).map(|index| index + 1)
}

/// Signs that are read as a word wherever they stand.
pub(super) fn sign(sign: char) -> Option<&'static str> {
    Some(match sign {
        '&' => "and",
        '+' => "plus",
        '=' => "equals",
        '@' => "at",
        '%' => "percent",
        '°' => "degrees",
        '×' => "times",
        '÷' => "divided by",
        '±' => "plus or minus",
        '½' => "one half",
        '¼' => "one quarter",
        '¾' => "three quarters",
        '²' => "squared",
        '³' => "cubed",
        '$' => "dollars",
        '€' => "euros",
        '£' => "pounds",
        '→' => "to",
        _ => return None,
    })
}
