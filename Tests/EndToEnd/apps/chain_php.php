<?php
// A PHP program that calls another server, on a connection of its own, for each request that it serves.
// UPSTREAM=PORT TRUST=FILE [CALL=PATH] php -S 127.0.0.1:N chain_php.php
// PATH is what it asks the other one for, before /r/ID.
preg_match('#/r/([^/?]+)#', $_SERVER['REQUEST_URI'], $found);
$call = getenv('CALL') ?: '/up';
$body = file_get_contents(
    'https://127.0.0.1:' . getenv('UPSTREAM') . "$call/r/$found[1]",
    false,
    stream_context_create(['ssl' => ['cafile' => getenv('TRUST')]])
);
http_response_code($body === false ? 502 : 200);
echo "ok\n";
