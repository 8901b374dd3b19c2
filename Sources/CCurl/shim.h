// libcurl for Swift. The variadic setters and getters cannot be imported, so each argument type gets an inline wrapper;
// the wrappers live in the header, so no C target has to be built.
#ifndef ROLLGUARD_CCURL_SHIM_H
#define ROLLGUARD_CCURL_SHIM_H

#include <curl/curl.h>
#include <sys/socket.h>

static inline CURLcode rg_set_long(CURL *easy, CURLoption option, long value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode rg_set_size(CURL *easy, CURLoption option, curl_off_t value) {
    return curl_easy_setopt(easy, option, value);
}

// A null text sets the option back to its default.
static inline CURLcode rg_set_text(CURL *easy, CURLoption option, const char *value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode rg_set_pointer(CURL *easy, CURLoption option, void *value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode rg_set_list(CURL *easy, CURLoption option, struct curl_slist *value) {
    return curl_easy_setopt(easy, option, value);
}

typedef size_t (*rg_receiver)(char *bytes, size_t size, size_t count, void *context);

static inline CURLcode rg_set_receiver(CURL *easy, CURLoption option, rg_receiver value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode rg_get_long(CURL *easy, CURLINFO info, long *value) {
    return curl_easy_getinfo(easy, info, value);
}

static inline CURLcode rg_get_size(CURL *easy, CURLINFO info, curl_off_t *value) {
    return curl_easy_getinfo(easy, info, value);
}

static inline CURLcode rg_get_pointer(CURL *easy, CURLINFO info, void **value) {
    return curl_easy_getinfo(easy, info, value);
}

static inline CURLcode rg_get_text(CURL *easy, CURLINFO info, const char **value) {
    return curl_easy_getinfo(easy, info, value);
}

static inline CURLMcode rg_multi_set_long(CURLM *multi, CURLMoption option, long value) {
    return curl_multi_setopt(multi, option, value);
}

static inline curl_socket_t rg_open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address) {
    (void)context;
    (void)purpose;
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

// A program that is started between the making of a socket and the setting of a flag would inherit the connection and
// hold it open after this process has closed it, so the flag is part of the making.
static inline CURLcode rg_keep_sockets_from_children(CURL *easy) {
    return curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, rg_open_socket);
}

// The result of a finished transfer is in a union, which Swift reads less plainly.
static inline CURLcode rg_message_result(const CURLMsg *message) {
    return message->data.result;
}

#endif
