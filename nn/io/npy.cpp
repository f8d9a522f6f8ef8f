#include "nn/io/npy.h"

#include <bit>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "autograd/ops/convert.h"
#include "nn/io/file.h"

namespace ito::nn {
namespace {

static_assert(std::endian::native == std::endian::little, "files are written as memory lies");

constexpr std::string_view kMagic = "\x93NUMPY\x01";
constexpr std::size_t kPreamble = 10;  // magic, two bytes of version, two of header length
constexpr std::size_t kAlignment = 64;

std::string_view descriptor(DType dtype) {
  switch (dtype) {
    case DType::f32:
      return "<f4";
    case DType::f64:
      return "<f8";
    case DType::i64:
      break;
  }
  return "<i8";
}

std::string header(const Tensor& x) {
  std::string shape;
  for (const Index d : x.shape()) shape += std::to_string(d) + (x.rank() == 1 ? "," : ", ");
  if (x.rank() > 1) shape.resize(shape.size() - 2);
  std::string dict = "{'descr': '" + std::string(descriptor(x.dtype())) +
                     "', 'fortran_order': False, 'shape': (" + shape + "), }";
  const std::size_t used = kPreamble + dict.size() + 1;
  dict.append((kAlignment - used % kAlignment) % kAlignment, ' ');
  dict += '\n';

  std::string text(kMagic);
  text += '\0';
  text += static_cast<char>(dict.size() & 0xff);
  text += static_cast<char>(dict.size() >> 8);
  return text + dict;
}

// What follows "'key':" in the header's dictionary, without leading spaces.
std::string_view value_of(std::string_view dict, std::string_view key) {
  std::size_t at = dict.find("'" + std::string(key) + "'");
  if (at != std::string_view::npos) at = dict.find(':', at);
  if (at != std::string_view::npos) at = dict.find_first_not_of(' ', at + 1);
  return at == std::string_view::npos ? std::string_view() : dict.substr(at);
}

// "(2, 3)", "(4,)" or "()"; false for anything else.
bool parse_shape(std::string_view text, Shape& shape) {
  if (!text.starts_with('(') || text.find(')') == std::string_view::npos) return false;
  text = text.substr(1, text.find(')') - 1);
  while (true) {
    while (text.starts_with(' ') || text.starts_with(',')) text.remove_prefix(1);
    if (text.empty()) return true;
    Index size = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
    if (error != std::errc() || size < 0 || shape.rank() == kMaxRank) return false;
    shape.push_back(size);
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  }
}

DType parse_dtype(const std::string& where, std::string_view text) {
  for (const DType d : {DType::f32, DType::f64, DType::i64}) {
    if (text.starts_with("'" + std::string(descriptor(d)) + "'")) return d;
  }
  fail(where, ": dtype must be <f4, <f8 or <i8, the header says ",
       text.substr(0, text.find_first_of(",}")));
}

}  // namespace

std::string npy_bytes(const Tensor& x) {
  const Tensor packed = contiguous(x.detach());
  const auto bytes = static_cast<std::size_t>(x.numel()) * size_of(x.dtype());
  const void* data = visit(x.dtype(), [&]<class T>(T) -> const void* { return packed.data<T>(); });
  return header(x).append(static_cast<const char*>(data), bytes);
}

void save_npy(const std::filesystem::path& path, const Tensor& x) {
  write_file(path, {npy_bytes(x)});
}

Tensor load_npy(const std::filesystem::path& path) {
  const std::string text = read_file(path);
  const std::string where = "load_npy: " + path.string();
  check(text.size() >= kPreamble && text.starts_with(kMagic), where,
        ": not a .npy file of format 1.0");
  const std::size_t low = static_cast<unsigned char>(text[8]);
  const std::size_t high = static_cast<unsigned char>(text[9]);
  const std::size_t start = kPreamble + low + 256 * high;
  check(start <= text.size(), where, ": the header is cut off");
  const std::string_view dict = std::string_view(text).substr(kPreamble, start - kPreamble);

  const DType dtype = parse_dtype(where, value_of(dict, "descr"));
  check(value_of(dict, "fortran_order").starts_with("False"), where, ": must be in C order");
  Shape shape;
  check(parse_shape(value_of(dict, "shape"), shape), where, ": cannot read the shape");
  const Index count = checked_numel(shape);
  const std::size_t found = text.size() - start;
  check(count >= 0 && found == static_cast<std::size_t>(count) * size_of(dtype), where, ": shape ",
        shape, " of ", dtype, " does not match the ", found, " bytes of data");

  Tensor x = empty(shape, dtype);
  visit(dtype, [&]<class T>(T) {
    if (found > 0) std::memcpy(x.mutable_data<T>(), text.data() + start, found);
  });
  return x;
}

}  // namespace ito::nn
