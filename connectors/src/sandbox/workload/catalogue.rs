//! What the shops of the sandbox sell.

/// Article, name, product id and price in cents; those of the genuine fixtures are among them.
pub const ARTICLES: [(&str, &str, i64, i64); 10] = [
    ("TEE-BLK-M", "Organic Tee", 10, 2499),
    ("MUG-01", "Stoneware Mug", 11, 995),
    ("SAMPLE-0", "Free Sample", 12, 0),
    ("CAP-NVY", "Wool Cap", 40, 1850),
    ("BAG-CAN", "Canvas Bag", 41, 3290),
    ("SOCK-3P", "Socks, three pairs", 42, 1299),
    ("JKT-RAIN-L", "Rain Jacket", 43, 12900),
    ("PEN-BRS", "Brass Pen", 44, 4575),
    ("NOTE-A5", "Notebook A5", 45, 749),
    ("LAMP-DSK", "Desk Lamp", 46, 8999),
];
