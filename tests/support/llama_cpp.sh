# Builds llama-server of llama.cpp v0.5.0 in the folder $1, from the sources in an npm package whose hash is checked.
set -eu
cd "$1"
package=node-llama-cpp@3.22.1
file=node-llama-cpp-3.22.1.tgz
sum=6e5b488a9b9699cd76dc7eed30880318a4ac4ab866865418795502e3c5d38d55bb5c624988927209d95333343f2e25a83e4183a5c2f816f883a60c3ba9f4e20f
[ -f "$file" ] || npm pack --silent "$package" >/dev/null
echo "$sum  $file" | sha512sum --check --quiet
tar -xzf "$file" package/llama/gitRelease.bundle
rm -rf source build
git clone --quiet package/llama/gitRelease.bundle source
cmake -S source -B build -DCMAKE_BUILD_TYPE=Release -DLLAMA_CURL=OFF -DLLAMA_OPENSSL=OFF \
  -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF -DLLAMA_BUILD_WEBUI=OFF
cmake --build build --target llama-server --parallel 2
