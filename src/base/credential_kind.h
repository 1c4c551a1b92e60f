// With which kind of credential a payload came, and what of a shared store each kind may use. Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sluice {

// The numbers are stored in entries (docs/entry-format.md): they never change meaning.
enum class CredentialKind : std::uint8_t {
  sdk_key = 0,         // secret; also what entries of before this was stored say
  mobile_key = 1,      // in every copy of an app: whoever looks finds it
  client_side_id = 2,  // public: in every page
  none = 3,            // no credential is due
};

// Those that payloads come with; index with static_cast<size_t>(kind).
inline constexpr std::size_t kCredentialKinds = 3;

// "sdk_key"; in logs, metrics and status.
constexpr std::string_view credential_kind_name(CredentialKind kind) {
  constexpr std::array<std::string_view, 4> kNames = {"sdk_key", "mobile_key", "client_side_id", "none"};
  return kNames[static_cast<std::size_t>(kind)];
}

}  // namespace sluice
