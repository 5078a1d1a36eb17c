//! Progress on stderr.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use kirchhoff::study::Watch;
use kirchhoff_kernel::Monitor;

use crate::signals::cancelled;
pub use crate::signals::stop_at_interrupt;

/// A progress bar over edges, which stops at Ctrl-C.
pub struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// A bar over so many edges, drawn only where stderr is a terminal and `quiet` is not set.
    pub fn new(edges: u64, quiet: bool) -> Self {
        // Of unknown length, it would be full at once.
        let bar = if edges == 0 { ProgressBar::no_length() } else { ProgressBar::new(edges) };
        if quiet || !std::io::stderr().is_terminal() {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        let style = "{msg:>12} {wide_bar:.cyan/dim} {percent:>3} %  {eta:>4} left";
        bar.set_style(ProgressStyle::with_template(style).expect("the template is well-formed"));
        bar.enable_steady_tick(Duration::from_millis(200));
        Progress { bar }
    }

    /// Takes the bar away.
    pub fn clear(&self) {
        self.bar.finish_and_clear();
    }

    /// Says what the work is about now.
    pub fn say(&self, message: impl Into<String>) {
        self.bar.set_message(message.into());
    }
}

impl Drop for Progress {
    /// A failure is not said behind half a bar.
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

impl Watch for Progress {
    fn pass(&self, name: &str, done: u64, total: u64) {
        self.bar.set_length(total);
        self.bar.set_position(done);
        self.bar.reset_eta();
        self.say(name.to_string());
    }
}

impl Monitor for Progress {
    fn advance(&self, edges: u64) {
        self.bar.inc(edges);
    }

    fn cancelled(&self) -> bool {
        cancelled()
    }
}

/// Watches for Ctrl-C alone.
pub struct Interrupt;

impl Monitor for Interrupt {
    fn cancelled(&self) -> bool {
        cancelled()
    }
}
