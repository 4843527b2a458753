//! Keys and values of the tokens a model has read.

use candle_core::{Result, bail};

use super::dimensions::Dimensions;
use super::model::Workspace;

/// Keys and values per layer, allocated once for `capacity` tokens. What was read can be taken back
/// to any earlier length at no cost, so a prefix that many prompts share is computed once and stays.
pub struct KvCache {
    layers: Vec<LayerCache>,
    head: usize,
    kv_heads: usize,
    capacity: usize,
    len: usize,
    /// Room for what a pass computes on its way, kept from one to the next.
    pub(super) workspace: Workspace,
}

/// What one layer keeps of the tokens read.
pub(super) struct LayerCache {
    /// For each head and each of its values, that value of all positions one after the other: inner products with
    /// many positions are then sums of rows, without a sum across a register.
    pub(super) keys: Vec<f32>,
    /// For each head, its values position by position.
    pub(super) values: Vec<f32>,
}

impl KvCache {
    /// An empty cache for `capacity` tokens.
    #[must_use]
    pub fn new(dimensions: &Dimensions, capacity: usize) -> Self {
        let zeros = || vec![0.0; dimensions.kv() * capacity];
        Self {
            layers: (0..dimensions.layers).map(|_| LayerCache { keys: zeros(), values: zeros() }).collect(),
            head: dimensions.head,
            kv_heads: dimensions.kv_heads,
            capacity,
            len: 0,
            workspace: Workspace::default(),
        }
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

    /// Whether it was made for a model of these dimensions.
    pub(super) fn fits(&self, d: &Dimensions) -> bool {
        (self.layers.len(), self.head, self.kv_heads) == (d.layers, d.head, d.kv_heads)
    }

    /// Puts keys and values of all heads behind what `layer` has, at `position`. They count only after
    /// [`KvCache::advance`], so a forward pass that fails leaves nothing behind.
    pub(super) fn put(&mut self, layer: usize, position: usize, keys: &[f32], values: &[f32]) -> Result<()> {
        let (head, capacity) = (self.head, self.capacity);
        let width = self.kv_heads * head;
        let Some(layer) = self.layers.get_mut(layer) else { bail!("no layer {layer}") };
        if position >= capacity || keys.len() != width || values.len() != width {
            bail!("position {position} of {capacity}, or {} keys for {width}", keys.len());
        }
        for (key, row) in keys.iter().zip(layer.keys.chunks_exact_mut(capacity)) {
            row[position] = *key;
        }
        for (values, all) in values.chunks_exact(head).zip(layer.values.chunks_exact_mut(head * capacity)) {
            all[position * head..][..head].copy_from_slice(values);
        }
        Ok(())
    }

    /// Keys and values of all heads of `layer` at `position`, as they were put there.
    pub(super) fn get(&self, layer: usize, position: usize) -> impl Iterator<Item = f32> {
        let (head, capacity) = (self.head, self.capacity);
        let LayerCache { keys, values } = &self.layers[layer];
        let keys = keys.iter().skip(position).step_by(capacity);
        let values =
            values.chunks_exact(head * capacity).flat_map(move |all| &all[position * head..][..head]);
        keys.chain(values).copied()
    }

    /// What `layer` keeps.
    pub(super) fn layer(&self, layer: usize) -> &LayerCache {
        &self.layers[layer]
    }

    /// Counts `tokens` put into every layer as read.
    pub(super) fn advance(&mut self, tokens: usize) {
        self.len += tokens;
    }
}
