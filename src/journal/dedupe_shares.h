// What was stored lately, in two windows: payloads that came with a secret key, and those under ids that are public or
// in every copy of an app. However many a stranger sends, what came with a key is remembered as long as without them.
// One thread.
#pragma once

#include <cstdint>

#include "journal/dedupe_window.h"
#include "journal/journal.h"

namespace sluice::journal {

// 20,000 payloads a second fill it in 13 seconds; SDKs repeat after one.
inline constexpr std::uint32_t kPublicDedupeKeyLimit = 1u << 18;

class DedupeShares {
 public:
  explicit DedupeShares(std::int64_t window_ms, std::uint32_t key_limit = kDedupeKeyLimit,
                        std::uint32_t public_key_limit = kPublicDedupeKeyLimit)
      : secret_(window_ms, key_limit), public_(window_ms, public_key_limit) {}

  // As DedupeWindow's, of the key's share.
  bool insert(const DedupeRecord& record) { return share_of(record.key).insert(record); }
  bool reused_id(const DedupeKey& key) const { return share_of(key).reused_id(); }
  bool contains(const ObjectId& environment, const DedupeKey& key) const {
    return share_of(key).contains(environment, key);
  }
  // Takes back the last insert into the key's share: that key's.
  void undo_insert(const DedupeKey& key) { share_of(key).undo_insert(); }
  void expire(std::int64_t now_ms) {
    secret_.expire(now_ms);
    public_.expire(now_ms);
  }

 private:
  const DedupeWindow& share_of(const DedupeKey& key) const { return is_public(key) ? public_ : secret_; }
  DedupeWindow& share_of(const DedupeKey& key) { return is_public(key) ? public_ : secret_; }

  DedupeWindow secret_, public_;
};

}  // namespace sluice::journal
