use super::*;
use carvoice_core::command::Command;

#[test]
fn reads_a_simple_command() {
    let matcher = Matcher::new(&Catalogue::shipped());
    let reading = matcher.read("Could you please set the temperature to twenty one?", &Context::default());
    let expected = Command::new("climate.set_temperature").with("temperature", 21.0);
    assert_eq!(reading.interpretation.candidates[0].command, expected);
    assert_eq!(reading.cover, 1.0);
}
