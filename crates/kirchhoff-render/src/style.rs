//! How values are shown: palette, scale and join.

use crate::{Error, Fitted, HeatMap, Join, Palette};

/// What the values of a semiring mean to a reader: enough to choose colours, scale and join.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Relevance for and against, around 0: `real`.
    Signed,
    /// Not negative, 0 is nothing, more is more: `viterbi`, `fuzzy`, `lukasiewicz`.
    Magnitude,
    /// Numbers of paths, from 0 to far beyond 10³⁸: `counting`.
    Count,
    /// Above zero or not: `boolean`.
    Truth,
    /// 0 is the most relevant, +∞ not relevant at all: `tropical`.
    Cost,
    /// Any size, −∞ is not relevant at all, +∞ possible: `bottleneck`, `max-plus`, `log`.
    Score,
}

impl Kind {
    /// The ⊕ of the semirings of this kind: how their channels join unless the user says otherwise. What is relevant in
    /// a block of pixels is, too, their ⊕.
    pub fn join(self) -> Join {
        match self {
            Self::Signed | Self::Count => Join::Sum,
            Self::Truth => Join::Or,
            Self::Cost => Join::Min,
            Self::Magnitude | Self::Score => Join::Max,
        }
    }
}

/// How values become positions in a palette.
///
/// Some values mean "not relevant at all": 0 for [`Scale::Logarithmic`], +∞ for [`Scale::Cost`], −∞ for
/// [`Scale::Score`]. They alone take position 0; the least relevant of the others starts visibly above it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scale {
    /// −1 to 1, linear, the same factor on both sides of 0.
    Symmetric,
    /// 0 to 1, linear from 0 (or the smallest value, if negative) to the largest.
    Linear,
    /// Linear in the logarithm from the smallest positive value to the largest; 0 and negative values lie at 0.
    Logarithmic,
    /// Reversed and linear: the smallest finite value is the most relevant, +∞ lies at 0.
    Cost,
    /// Linear over the finite values; −∞ lies at 0, +∞ at 1, apart from both.
    Score,
    /// 1 above zero, else 0.
    Truth,
}

/// Colours, scale and limits of a heat map.
///
/// ```
/// use kirchhoff_render::{HeatMap, Kind, Palette, Style};
///
/// let map = HeatMap::plane(&[0.0, 1.0, 1e38], [1, 3])?;
/// let fitted = Style::for_values(Kind::Count).fit(&map);
/// assert_eq!(fitted.position(0.0), 0.0);
/// assert_eq!(fitted.position(1e38), 1.0);
/// assert_eq!(fitted.colour(0.0), Palette::Sequential.colour(0.0));
/// # Ok::<(), kirchhoff_render::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Style {
    palette: Palette,
    scale: Scale,
    pool: Join,
    quantile: Option<f64>,
    range: Option<[f64; 2]>,
}

impl Style {
    /// The default for values of a kind. Signed relevance and magnitudes are clipped at the 99.9 % quantile, which
    /// touches maps of more than a thousand cells only: a few extreme pixels would leave all others white.
    pub fn for_values(kind: Kind) -> Self {
        let (palette, scale, quantile) = match kind {
            Kind::Signed => (Palette::Diverging, Scale::Symmetric, Some(0.999)),
            Kind::Magnitude => (Palette::Sequential, Scale::Linear, Some(0.999)),
            Kind::Count => (Palette::Sequential, Scale::Logarithmic, None),
            Kind::Truth => (Palette::Truth, Scale::Truth, None),
            Kind::Cost => (Palette::Sequential, Scale::Cost, None),
            Kind::Score => (Palette::Sequential, Scale::Score, None),
        };
        Self { palette, scale, pool: kind.join(), quantile, range: None }
    }

    /// The style of an input picture of one channel, black at the lowest value.
    pub fn picture() -> Self {
        Self { palette: Palette::Grey, scale: Scale::Linear, pool: Join::Mean, quantile: None, range: None }
    }

    /// A style of one's own; `pool` joins the cells of a block where a map is larger than the space it has.
    pub fn new(palette: Palette, scale: Scale, pool: Join) -> Self {
        Self { palette, scale, pool, quantile: None, range: None }
    }

    /// Values beyond this quantile take the colour of the end, and the legend says so; `1` clips nothing.
    pub fn with_clip(self, quantile: f64) -> Result<Self, Error> {
        if quantile > 0.5 && quantile <= 1.0 {
            Ok(Self { quantile: (quantile < 1.0).then_some(quantile), ..self })
        } else {
            Err(Error::Quantile { quantile })
        }
    }

    /// The style in other colours: a palette of two arms where values lie around 0, one of a single arm elsewhere. A palette of
    /// the other sort leaves the style as it is.
    pub fn with_palette(self, palette: Palette) -> Self {
        match palette.is_diverging() == (self.scale == Scale::Symmetric) {
            true => Self { palette, ..self },
            false => self,
        }
    }

    /// The style with the ends that the values of all of these maps together give it.
    ///
    /// # Errors
    /// No map.
    pub fn common(self, maps: &[&HeatMap]) -> Result<Self, Error> {
        let values: Vec<f64> = maps.iter().flat_map(|map| map.values()).collect();
        let [low, high] = self.fit(&HeatMap::grid(&values)?).ends();
        self.with_range(low, high)
    }

    /// The same ends for every map, so that colours compare between maps; otherwise each map has its own.
    pub fn with_range(self, low: f64, high: f64) -> Result<Self, Error> {
        if low.is_finite() && high.is_finite() && low <= high {
            Ok(Self { range: Some([low, high]), ..self })
        } else {
            Err(Error::Range { low, high })
        }
    }

    /// The palette.
    pub fn palette(&self) -> Palette {
        self.palette
    }

    /// The scale.
    pub fn scale(&self) -> Scale {
        self.scale
    }

    /// The join of the cells of a block.
    pub fn pool(&self) -> Join {
        self.pool
    }

    /// The clipping quantile, if any.
    pub fn clip(&self) -> Option<f64> {
        self.quantile
    }

    /// The range that was fixed, if any.
    pub fn range(&self) -> Option<[f64; 2]> {
        self.range
    }

    /// The style with the ends that the values of a map give it.
    pub fn fit(&self, map: &HeatMap) -> Fitted {
        Fitted::new(*self, map)
    }
}
