//! Names of D-Bus, after "Valid Names" of the D-Bus specification 0.43.

/// Longest name that the specification allows, in bytes.
const MAX_NAME: usize = 255;

/// A bus name such as `org.carvoice.Vehicle1`.
pub(super) fn is_bus_name(name: &str) -> bool {
    dotted(name, |c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
}

/// An interface name such as `org.carvoice.Vehicle1.Climate`.
pub(super) fn is_interface(name: &str) -> bool {
    dotted(name, is_element)
}

/// A method name such as `SetTemperature`.
pub(super) fn is_member(name: &str) -> bool {
    name.len() <= MAX_NAME && starts_well(name) && name.chars().all(is_element)
}

/// An object path such as `/org/carvoice/Vehicle1`.
pub(super) fn is_path(path: &str) -> bool {
    path == "/"
        || path
            .strip_prefix('/')
            .is_some_and(|rest| rest.split('/').all(|part| !part.is_empty() && part.chars().all(is_element)))
}

fn dotted(name: &str, legal: fn(char) -> bool) -> bool {
    name.len() <= MAX_NAME
        && name.contains('.')
        && name.split('.').all(|part| starts_well(part) && part.chars().all(legal))
}

fn starts_well(part: &str) -> bool {
    part.starts_with(|c: char| !c.is_ascii_digit())
}

fn is_element(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_good_names_from_bad() {
        assert!(is_bus_name("org.mpris.MediaPlayer2.my-player"));
        assert!(!is_bus_name("org") && !is_bus_name("org..x") && !is_bus_name("org.1x"));
        assert!(is_interface("org.carvoice.Vehicle1.Climate") && !is_interface("org.a-b"));
        assert!(is_member("SetTemperature") && !is_member("Set.Temperature") && !is_member(""));
        assert!(is_path("/") && is_path("/org/x") && !is_path("/org/") && !is_path("org"));
    }
}
