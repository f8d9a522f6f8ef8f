#include "nn/io/safetensors.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "autograd/ops/convert.h"
#include "nn/io/file.h"

namespace ito::nn {
namespace {

using Json = nlohmann::ordered_json;

static_assert(std::endian::native == std::endian::little, "files are written as memory lies");

constexpr const char* kMetadata = "__metadata__";
constexpr std::size_t kLengthBytes = 8;  // of the header's length, before it
constexpr std::size_t kAlignment = 8;    // of the data
constexpr int kMaxDepth = 8;             // of the header, which needs four levels

const char* code(DType dtype) {
  switch (dtype) {
    case DType::f32:
      return "F32";
    case DType::f64:
      return "F64";
    case DType::i64:
      break;
  }
  return "I64";
}

std::size_t byte_size(const Tensor& x) {
  return static_cast<std::size_t>(x.numel()) * size_of(x.dtype());
}

void* bytes_of(Tensor& x) {
  return visit(x.dtype(), [&]<class T>(T) -> void* { return x.mutable_data<T>(); });
}

// One entry of the header, checked as far as it can be alone.
struct Entry {
  std::string name;
  DType dtype;
  Shape shape;
  std::uint64_t begin, end;
};

DType parse_dtype(const std::string& text) {
  for (const DType d : {DType::f32, DType::f64, DType::i64}) {
    if (text == code(d)) return d;
  }
  fail("dtype ", text, " is not supported; there are F32, F64 and I64");
}

// Whether `bytes` is the size of a tensor of this shape.
bool fits(const Shape& shape, DType dtype, std::uint64_t bytes) {
  const Index count = checked_numel(shape);
  return count >= 0 && static_cast<std::uint64_t>(count) * size_of(dtype) == bytes;
}

// The whole numbers of an array.
std::vector<std::uint64_t> numbers(const std::string& name, const Json& json) {
  check(json.is_array(), name, ": needs an array of whole numbers, got ", json.type_name());
  std::vector<std::uint64_t> values;
  for (const Json& value : json) {
    if (!value.is_number_unsigned()) {
      fail(name, ": sizes and offsets are whole numbers, got ", value.dump());
    }
    values.push_back(value.get<std::uint64_t>());
  }
  return values;
}

Entry parse_entry(const std::string& name, const Json& json) {
  const std::vector<std::uint64_t> offsets = numbers(name, json.at("data_offsets"));
  check(offsets.size() == 2, name, ": needs two offsets, got ", offsets.size());
  Entry entry{.name = name,
              .dtype = parse_dtype(json.at("dtype").get<std::string>()),
              .shape = {},
              .begin = offsets[0],
              .end = offsets[1]};
  for (const std::uint64_t size : numbers(name, json.at("shape"))) {
    entry.shape.push_back(static_cast<Index>(size));
  }
  check(entry.begin <= entry.end && fits(entry.shape, entry.dtype, entry.end - entry.begin), name,
        ": offsets [", entry.begin, ", ", entry.end, "] do not fit ", entry.dtype, entry.shape);
  return entry;
}

SafeTensors parse(std::string_view text) {
  std::uint64_t length = 0;
  check(text.size() >= kLengthBytes, "the file is shorter than a header");
  std::memcpy(&length, text.data(), kLengthBytes);
  text.remove_prefix(kLengthBytes);
  check(length <= text.size(), "the header is cut off");
  // Nested values are copied and printed by recursion, which deep ones would take off the stack.
  const auto shallow = [](int depth, Json::parse_event_t, const Json&) {
    check(depth < kMaxDepth, "the header is nested too deep");
    return true;
  };
  const Json header = Json::parse(text.substr(0, length), shallow);
  text.remove_prefix(length);
  check(header.is_object(), "the header is not a JSON object");

  SafeTensors result;
  std::vector<Entry> entries;
  for (const auto& [name, json] : header.items()) {
    if (name == kMetadata) {
      result.metadata = json.get<Metadata>();
    } else {
      entries.push_back(parse_entry(name, json));
    }
  }
  std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  std::uint64_t at = 0;
  for (const Entry& entry : entries) {
    check(entry.begin == at, entry.name, ": starts at byte ", entry.begin, ", expected ", at);
    at = entry.end;
    check(at <= text.size(), entry.name, ": the data is cut off");
    Tensor x = empty(entry.shape, entry.dtype);
    if (at > entry.begin) std::memcpy(bytes_of(x), text.data() + entry.begin, at - entry.begin);
    result.tensors.push_back({entry.name, x});
  }
  check(at == text.size(), text.size() - at, " bytes of data belong to no tensor");
  return result;
}

}  // namespace

void save_safetensors(const std::filesystem::path& path, const StateDict& tensors,
                      const Metadata& metadata) {
  Json header = Json::object();
  if (!metadata.empty()) header[kMetadata] = metadata;
  std::string data;
  for (const auto& [name, value] : tensors) {
    check(!header.contains(name) && name != kMetadata, "save_safetensors: ", path.string(),
          ": the name \"", name, "\" is taken");
    Tensor packed = contiguous(value.detach());
    const std::size_t begin = data.size(), size = byte_size(packed);
    data.append(static_cast<const char*>(bytes_of(packed)), size);
    header[name] = {{"dtype", code(value.dtype())},
                    {"shape", std::vector<Index>(value.shape().begin(), value.shape().end())},
                    {"data_offsets", {begin, begin + size}}};
  }
  std::string text;
  try {
    text = header.dump();
  } catch (const Json::exception& e) {  // for names and notes that are not UTF-8
    fail("save_safetensors: ", path.string(), ": ", e.what());
  }
  text.append((kAlignment - text.size() % kAlignment) % kAlignment, ' ');
  const std::uint64_t length = text.size();
  write_file(path,
             {std::string_view(reinterpret_cast<const char*>(&length), kLengthBytes), text, data});
}

SafeTensors load_safetensors(const std::filesystem::path& path) {
  const std::string text = read_file(path);
  try {
    return parse(text);
  } catch (const std::exception& e) {
    fail("load_safetensors: ", path.string(), ": ", e.what());
  }
}

}  // namespace ito::nn
