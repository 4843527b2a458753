//! Sound of phrases that are said often.

use std::sync::Arc;

/// The newest replies and their sound. When it is full, what was not said for longest goes.
pub(crate) struct Prompts {
    /// Most samples kept together.
    capacity: usize,
    /// Last said first. Few enough to be searched one by one.
    entries: Vec<(String, Arc<[f32]>)>,
}

impl Prompts {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { capacity, entries: Vec::new() }
    }

    /// Sound of `text`, which counts as said now.
    pub(crate) fn get(&mut self, text: &str) -> Option<Arc<[f32]>> {
        let place = self.entries.iter().position(|(known, _)| known == text)?;
        let entry = self.entries.remove(place);
        let samples = Arc::clone(&entry.1);
        self.entries.insert(0, entry);
        Some(samples)
    }

    /// Keeps the sound of `text`. A sound longer than a quarter of the capacity is not worth its room.
    pub(crate) fn insert(&mut self, text: &str, samples: Vec<f32>) {
        if samples.is_empty() || samples.len() > self.capacity / 4 {
            return;
        }
        self.entries.retain(|(known, _)| known != text);
        self.entries.insert(0, (text.to_owned(), samples.into()));
        let mut total = 0;
        self.entries.retain(|(_, samples)| {
            total += samples.len();
            total <= self.capacity
        });
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        self.entries.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_unsaid_goes_first() {
        let mut prompts = Prompts::new(12);
        for text in ["a", "b", "c", "d"] {
            prompts.insert(text, vec![0.0; 3]);
        }
        assert!(prompts.get("a").is_some());
        prompts.insert("e", vec![0.0; 3]);
        assert!(prompts.get("b").is_none());
        assert!(["a", "c", "d", "e"].iter().all(|text| prompts.get(text).is_some()));
    }

    #[test]
    fn long_sounds_and_silence_are_not_kept() {
        let mut prompts = Prompts::new(12);
        prompts.insert("long", vec![0.0; 4]);
        prompts.insert("silent", Vec::new());
        assert!(prompts.get("long").is_none() && prompts.get("silent").is_none());
    }

    #[test]
    fn a_new_sound_replaces_the_old() {
        let mut prompts = Prompts::new(12);
        prompts.insert("a", vec![0.0; 3]);
        prompts.insert("a", vec![1.0; 2]);
        assert_eq!(&*prompts.get("a").unwrap(), [1.0; 2]);
        assert_eq!(prompts.entries.len(), 1);
    }
}
