// The answer to nearly every call is that all records were taken; reading that costs a walk over its quotes.
#pragma once

#include <string_view>
#include <vector>

#include "kinesis/put_records_answer.h"

namespace sluice::kinesis {

// True when `body` is PutRecords' answer, whole, with only delivered records: they are appended, with views into
// `body`. False when it is anything else, or written in a way that this does not read; `records` is then of no use.
bool read_all_good_answer(std::string_view body, std::vector<RecordAnswer>& records);

}  // namespace sluice::kinesis
