#include "event/json_index.h"

#include <simdjson.h>

#include <algorithm>

namespace sluice {

struct JsonIndex::Scanner {
  std::unique_ptr<simdjson::internal::dom_parser_implementation> stages;
};

JsonIndex::JsonIndex() : scanner_(std::make_unique<Scanner>()) {}
JsonIndex::~JsonIndex() = default;

bool JsonIndex::scan(std::string_view text) {
  constexpr std::size_t kSmallestCapacity = 64 << 10;
  constexpr std::size_t kDepthUnused = 1;  // of stage 2
  text_ = text;
  size_ = 0;
  if (text.empty() || text.size() > kMaxJsonText) return false;
  auto& stages = scanner_->stages;
  if (stages &&
      (stages->capacity() < text.size() || (stages->capacity() > kKeptCapacity && text.size() <= kKeptCapacity)))
    stages.reset();
  if (!stages) {
    const std::size_t capacity = std::max(text.size(), kSmallestCapacity);
    if (simdjson::get_active_implementation()->create_dom_parser_implementation(capacity, kDepthUnused, stages) !=
        simdjson::SUCCESS)
      return false;
  }
  if (stages->stage1(reinterpret_cast<const std::uint8_t*>(text.data()), text.size(), simdjson::stage1_mode::regular) !=
      simdjson::SUCCESS)
    return false;
  size_ = stages->n_structural_indexes;
  // Behind the tokens simdjson keeps room for three marks of the end.
  stages->structural_indexes[size_] = static_cast<std::uint32_t>(text.size());
  offsets_ = stages->structural_indexes.get();
  return size_ > 0;
}

bool JsonIndex::has_whitespace() const {
  // What stands before a token is the end of the one before it, or whitespace; nothing below a space ends a token.
  const auto is_space = [](char c) { return static_cast<unsigned char>(c) <= ' '; };
  const char* text = text_.data();
  unsigned found = is_space(text[0]) || is_space(text_.back()) ? 1 : 0;
  for (std::uint32_t token = 1; token < size_; ++token) found |= is_space(text[offsets_[token] - 1]) ? 1u : 0u;
  return found != 0;
}

}  // namespace sluice
