//! docs/dbus.md against the golden files.

const DOCS: &str = include_str!("../../../docs/dbus.md");

/// Values of `name="…"` of all tags of a kind.
fn names<'a>(xml: &'a str, tag: &str) -> Vec<&'a str> {
    let start = format!("<{tag} name=\"");
    xml.split(&start).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

#[test]
fn every_member_is_documented() {
    for xml in [include_str!("../../golden/assistant1.xml"), include_str!("../../golden/vehicle1.xml")] {
        let members = ["method", "signal", "property"].map(|tag| names(xml, tag)).concat();
        assert!(members.len() > 20);
        for member in members {
            let documented = DOCS.contains(&format!("`{member}(")) || DOCS.contains(&format!("`{member}`"));
            assert!(documented, "docs/dbus.md does not name {member}");
        }
    }
    for interface in names(include_str!("../../golden/vehicle1.xml"), "interface") {
        let short = interface.trim_start_matches("org.carvoice.Vehicle1");
        assert!(DOCS.contains(&format!("| `{short}` |")), "docs/dbus.md does not name {interface}");
    }
}
