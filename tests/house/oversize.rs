//! What is too much for the store at once is refused to whoever asked, and to nobody else.

use amends_storage::limits::COMMIT_ENTRIES_MAX;
use amends_storage::{Key, Write};

use crate::house::House;

fn deletes(count: usize) -> Vec<Write> {
    let keys = (0..count).map(|number| Key::Meta(format!("oversize/{number}")));
    keys.map(|key| Write::Delete { key }).collect()
}

#[tokio::test]
async fn one_list_that_is_too_long_ends_nobodys_work() {
    let house = House::new("");
    let (server, client) = house.serve().await;
    let handle = server.handle();
    let refused = handle.write(deletes(COMMIT_ENTRIES_MAX + 1)).await.unwrap_err();
    assert!(refused.to_string().contains("more than"), "{refused}");
    handle.write(deletes(COMMIT_ENTRIES_MAX)).await.unwrap();
    client.brake("/money/pause", "it still writes").await.unwrap();
    assert_eq!(handle.health().failure, None);
    server.stop().await.unwrap();
}
