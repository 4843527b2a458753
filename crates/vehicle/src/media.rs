//! Music and radio.

use crate::refusal::Refusal;
use crate::values::{in_range, one_of, words};

const KINDS: &[&str] = &["", "song", "artist", "album", "playlist", "genre", "station", "podcast"];
const SOURCES: &[&str] = &["radio", "bluetooth", "usb", "aux", "streaming"];
/// What the simulated player holds.
const TRACKS: [&str; 3] = ["Morning Drive", "Open Road", "City Lights"];

/// The player and the tuner.
#[derive(Clone, Debug)]
pub(crate) struct Media {
    playing: bool,
    query: String,
    kind: &'static str,
    track: usize,
    shuffle: bool,
    repeat: bool,
    source: &'static str,
    frequency: f64,
    band: &'static str,
}

impl Default for Media {
    fn default() -> Self {
        Self {
            playing: false,
            query: String::new(),
            kind: "",
            track: 0,
            shuffle: false,
            repeat: false,
            source: "radio",
            frequency: 98.5,
            band: "fm",
        }
    }
}

domain! {
    "org.carvoice.Vehicle1.Media", |car| car.media;
    properties {
        playing: bool = car.media.playing;
        query: String = car.media.query.clone();
        kind: String = car.media.kind.to_owned();
        track: String = car.media.track_name();
        shuffle: bool = car.media.shuffle;
        repeat: bool = car.media.repeat;
        source: String = car.media.source.to_owned();
        frequency: f64 = car.media.frequency;
        band: String = car.media.band.to_owned();
    }
    methods {
        fn play(query: String, kind: String);
        fn pause();
        fn resume();
        fn next();
        fn previous();
        fn set_shuffle(state: bool);
        fn set_repeat(state: bool);
        fn select_source(source: String);
        fn tune(frequency: f64, band: String);
    }
    queries {
        fn query_track() -> String;
    }
}

impl Media {
    fn track_name(&self) -> String {
        if self.query.is_empty() {
            TRACKS.get(self.track).copied().unwrap_or_default().to_owned()
        } else {
            self.query.clone()
        }
    }

    /// Without a query, whatever is at hand.
    fn play(&mut self, query: String, kind: String) -> Result<(), Refusal> {
        let kind = one_of("kind", &kind, KINDS)?;
        self.query = if query.is_empty() { query } else { words("query", &query)? };
        self.kind = kind;
        self.playing = true;
        if self.source == "radio" {
            self.source = "streaming";
        }
        Ok(())
    }

    fn pause(&mut self) -> Result<(), Refusal> {
        if !std::mem::take(&mut self.playing) {
            return Err(Refusal::refused("nothing is playing"));
        }
        Ok(())
    }

    fn resume(&mut self) -> Result<(), Refusal> {
        self.playing = true;
        Ok(())
    }

    fn next(&mut self) -> Result<(), Refusal> {
        self.skip_to((self.track + 1) % TRACKS.len())
    }

    fn previous(&mut self) -> Result<(), Refusal> {
        self.skip_to((self.track + TRACKS.len() - 1) % TRACKS.len())
    }

    fn skip_to(&mut self, track: usize) -> Result<(), Refusal> {
        self.track = track;
        self.query.clear();
        self.playing = true;
        Ok(())
    }

    fn set_shuffle(&mut self, state: bool) -> Result<(), Refusal> {
        self.shuffle = state;
        Ok(())
    }

    fn set_repeat(&mut self, state: bool) -> Result<(), Refusal> {
        self.repeat = state;
        Ok(())
    }

    fn select_source(&mut self, source: String) -> Result<(), Refusal> {
        self.source = one_of("source", &source, SOURCES)?;
        self.playing = true;
        Ok(())
    }

    /// Without a band, the one the frequency lies in: MHz on FM, kHz on AM.
    fn tune(&mut self, frequency: f64, band: String) -> Result<(), Refusal> {
        let band = match one_of("band", &band, &["", "fm", "am"])? {
            "" if frequency > 200.0 => "am",
            "" => "fm",
            named => named,
        };
        self.frequency = match band {
            "am" => in_range("AM frequency", frequency, 520.0, 1710.0)?,
            _ => in_range("FM frequency", frequency, 87.5, 108.0)?,
        };
        self.band = band;
        self.source = "radio";
        self.playing = true;
        Ok(())
    }

    fn query_track(&mut self) -> Result<String, Refusal> {
        match (self.playing, self.source) {
            (false, _) => Err(Refusal::refused("nothing is playing")),
            (true, "radio") => Ok(format!("{} {}", self.band.to_uppercase(), self.frequency)),
            (true, _) => Ok(self.track_name()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_are_told_apart_by_frequency() {
        let mut media = Media::default();
        media.tune(101.3, String::new()).unwrap();
        assert_eq!(media.query_track(), Ok("FM 101.3".into()));
        media.tune(909.0, String::new()).unwrap();
        assert_eq!(media.band, "am");
        assert!(matches!(media.tune(120.0, String::new()), Err(Refusal::OutOfRange(_))));
        assert!(matches!(media.tune(101.3, "am".into()), Err(Refusal::OutOfRange(_))));
    }

    #[test]
    fn playing_and_skipping() {
        let mut media = Media::default();
        assert!(matches!(media.pause(), Err(Refusal::Refused(_))));
        media.play("some jazz".into(), "genre".into()).unwrap();
        assert_eq!(media.query_track(), Ok("some jazz".into()));
        media.previous().unwrap();
        assert_eq!(media.query_track(), Ok("City Lights".into()));
        media.next().unwrap();
        assert_eq!(media.query_track(), Ok("Morning Drive".into()));
        assert!(matches!(media.play("x".into(), "opera".into()), Err(Refusal::InvalidArgument(_))));
    }
}
