// Dead letters of a tee, each a whole payload.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace sluice::simulation {

struct PayloadLetter {
  std::uint64_t number = 0;  // 0: of no payload that an SDK sent
  std::string code;
  std::string body;
};
// Lines that a crash cut off are left out.
std::vector<PayloadLetter> payload_letters_of(const std::string& dead_letters);
std::set<std::uint64_t> payloads_in_letters(const std::string& dead_letters);

}  // namespace sluice::simulation
