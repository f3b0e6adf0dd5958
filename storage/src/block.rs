//! Blocks of our own files: `length u32 | crc32 u32 | tag u8 | body`, numbers big-endian. The length is that of tag and
//! body; the checksum covers length, tag and body.

/// A block around `parts`, which are its body.
pub(crate) fn write(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    // Bodies are bounded values with their bounded keys, or an index of a bounded file.
    let length = 1 + parts.iter().map(|part| part.len()).sum::<usize>();
    let length = u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes();
    let mut hasher = crc32fast::Hasher::new();
    for part in [&length[..], &[tag]].iter().chain(parts) {
        hasher.update(part);
    }
    let mut block = length.to_vec();
    block.extend_from_slice(&hasher.finalize().to_be_bytes());
    block.push(tag);
    for part in parts {
        block.extend_from_slice(part);
    }
    block
}

/// Bytes of a block before its body.
pub(crate) const START_BYTES: usize = 9;

/// Tag and body of a block, and what follows it.
pub(crate) type Split<'b> = ((u8, &'b [u8]), &'b [u8]);

/// The first block of `bytes` as tag and body, and what follows it.
pub(crate) fn split(bytes: &[u8]) -> Result<Split<'_>, &'static str> {
    let cut = "a block is cut off";
    let (length, rest) = bytes.split_first_chunk::<4>().ok_or(cut)?;
    let (stated, rest) = rest.split_first_chunk::<4>().ok_or(cut)?;
    let body_bytes = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| cut)?;
    let (body, rest) = rest.split_at_checked(body_bytes).ok_or(cut)?;
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(length);
    hasher.update(body);
    if hasher.finalize() != u32::from_be_bytes(*stated) {
        return Err("a checksum does not match");
    }
    let (tag, body) = body.split_first().ok_or("a block is empty")?;
    Ok(((*tag, body), rest))
}
