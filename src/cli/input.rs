//! Ending with whoever started this process.

use std::io::Read as _;

use tokio::sync::oneshot;

/// Waits until standard input closes, which it does when the process at its other end is gone.
///
/// The reading thread is not one of the runtime's, which would wait for it at the end.
pub(super) async fn input_closed() {
    let (tell, closed) = oneshot::channel();
    std::thread::spawn(move || {
        let mut sink = [0_u8; 64];
        while matches!(std::io::stdin().read(&mut sink), Ok(read) if read > 0) {}
        // Nobody waits any more when the process ends for another reason.
        let _ = tell.send(());
    });
    // A thread that could not tell is as good as a closed input.
    let _ = closed.await;
}
