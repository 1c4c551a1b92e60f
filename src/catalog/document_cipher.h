// The catalog's documents as they lie on disk when a key is given: each sealed on its own with AES-256-GCM, so that a
// copy of the file, or of a backup, reveals no SDK key. In memory they are plain; lookups do not change.
//
//   enc1:KEYID:HEX      KEYID: 8 hex digits of the key's SHA-256; HEX: 12 bytes nonce, the text sealed, 16 bytes tag
//
// The document's kind and id are authenticated with it: one cannot be put in the place of another. Immutable after
// parse(); any thread.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sluice::catalog {

class DocumentCipher {
 public:
  // Without a key: documents are written plain, and what is sealed cannot be read.
  DocumentCipher() = default;
  // Keys of 64 hex digits, between spaces, commas or line ends; what follows a # on a line counts not. The first seals,
  // all open: so a key is changed by putting a new one first. The word `plain` in the first place seals nothing: so
  // encryption is switched off again. An error says what is no key, without showing it.
  static Result<DocumentCipher> parse(std::string_view text);

  std::string seal(std::string_view name, std::string_view text) const;
  // An error says which key is missing, or that the bytes were changed.
  Result<std::string> open(std::string_view name, std::string_view stored) const;
  // Whether seal() would write it so today: under the first key, or plain.
  bool is_current(std::string_view stored) const;
  bool seals() const { return !plain_; }

 private:
  struct Key {
    std::string id;  // 8 hex digits
    std::array<unsigned char, 32> bytes;
  };
  std::string known_ids() const;

  std::vector<Key> keys_;
  bool plain_ = true;
};

}  // namespace sluice::catalog
