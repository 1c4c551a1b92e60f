// The secrets of a destination as the API shows them, and what comes back: "********" and, of one
// with 16 characters or more, its last four; of "Name: value" the value alone. Sent back as shown, a secret stays as it
// is stored.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "api/rest_call.h"
#include "destinations/kind.h"

namespace sluice::api {

class SecretMask {
 public:
  // `kind`: of the destination, in whatever form it came.
  SecretMask(const destinations::KindList& kinds, const nlohmann::json& kind);

  // `field` as the configuration calls it.
  bool is_secret(std::string_view field) const;
  // `value` as it is shown; one that is not a secret as it is.
  nlohmann::json shown(std::string_view field, const nlohmann::json& value) const;
  // In `fields`, puts back what `stored` has in place of what is shown for it. An error: something is masked that
  // stands for nothing stored; `prefix` comes before the field's name in it, and `spelled` is how the field is called.
  RestResult<void> reveal(nlohmann::json& fields, const nlohmann::json& stored, std::string_view prefix,
                          std::string (*spelled)(std::string_view field)) const;

 private:
  bool is_pair(std::string_view field) const;  // "Name: value"

  const destinations::DestinationKind* kind_;
};

}  // namespace sluice::api
