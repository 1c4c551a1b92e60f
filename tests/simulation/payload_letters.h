// Dead letters of a tee, each a whole payload.
#pragma once

#include <cstdint>
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
bool has_payload_letter(const std::string& dead_letters, std::uint64_t number);

}  // namespace sluice::simulation
