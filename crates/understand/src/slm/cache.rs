//! Keys and values of the tokens a model has read.

use candle_core::{Result, bail};

use super::gguf::Dimensions;

/// Keys and values per layer, allocated once for `capacity` tokens. What was read can be taken back
/// to any earlier length at no cost, so a prefix that many prompts share is computed once and stays.
pub struct KvCache {
    keys: Vec<Vec<f32>>,
    values: Vec<Vec<f32>>,
    width: usize,
    capacity: usize,
    len: usize,
}

impl KvCache {
    /// An empty cache for `capacity` tokens.
    #[must_use]
    pub fn new(dimensions: &Dimensions, capacity: usize) -> Self {
        let width = dimensions.kv();
        let layers = || vec![vec![0.0; width * capacity]; dimensions.layers];
        Self { keys: layers(), values: layers(), width, capacity, len: 0 }
    }

    /// Tokens read so far; the position of the next one.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether nothing was read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Tokens it can hold.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// Takes back everything after the first `len` tokens. A larger `len` changes nothing.
    pub fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }

    /// Puts keys and values (`[tokens, width]` each) of `layer` behind what is there. They count only
    /// after [`KvCache::advance`], so a forward pass that fails leaves nothing behind.
    pub(super) fn append(&mut self, layer: usize, keys: &[f32], values: &[f32]) -> Result<()> {
        let start = self.len * self.width;
        let end = start + keys.len();
        if end > self.capacity * self.width || values.len() != keys.len() {
            bail!("more than {} tokens", self.capacity);
        }
        let (Some(all_keys), Some(all_values)) = (self.keys.get_mut(layer), self.values.get_mut(layer))
        else {
            bail!("no layer {layer}");
        };
        all_keys[start..end].copy_from_slice(keys);
        all_values[start..end].copy_from_slice(values);
        Ok(())
    }

    /// Keys and values of `layer`, those just appended included.
    pub(super) fn layer(&self, layer: usize) -> (&[f32], &[f32]) {
        (&self.keys[layer], &self.values[layer])
    }

    /// Counts `tokens` appended to every layer as read.
    pub(super) fn advance(&mut self, tokens: usize) {
        self.len += tokens;
    }
}
