#include "cli/cost_command.h"

#include <gtest/gtest.h>

#include <sstream>

#include "cli/terminal.h"
#include "server/destination_kinds.h"

namespace sluice::cli {
namespace {

std::string text_of(const std::map<std::string, std::string>& texts) {
  const destinations::CostCalculator& calculator = *server::destination_kinds().all().front()->cost();
  const auto answer = calculator.answer(texts, destinations::CostNames::flags);
  EXPECT_TRUE(answer) << (answer ? "" : answer.error().message);
  return answer ? cost_text(calculator.table(*answer)) : "";
}

TEST(CostCommand, shows_a_row_for_each_encoding_and_mode) {
  const std::string text = text_of({{"eventsPerMonth", "1G"}, {"bytesPerEvent", "400"}});
  EXPECT_NE(text.find("1,000,000,000 events a month of 400 B: mean 381/s, peak 1,142/s."), std::string::npos) << text;
  EXPECT_NE(text.find("json         provisioned  1              2       $21.90    $14.00  $35.90"), std::string::npos)
      << text;
  EXPECT_NE(text.find("kpl          on-demand"), std::string::npos) << text;
}

TEST(CostCommand, fits_a_terminal) {
  for (const char* events : {"0", "1", "100G", "1T"}) {
    std::istringstream lines(text_of({{"eventsPerMonth", events}, {"bytesPerEvent", "1"}}));
    for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), kTerminalColumns) << line;
  }
}

}  // namespace
}  // namespace sluice::cli
