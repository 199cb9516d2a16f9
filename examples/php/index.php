<?php
$name = $_GET['name'] ?? 'visitor';
?>
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>PHP example</title>
<h1>Hello, <?= htmlspecialchars($name) ?></h1>
<p>PHP <?= PHP_MAJOR_VERSION ?>, branch <?= htmlspecialchars(getenv('PREVIEW_BRANCH') ?: 'unknown') ?>.</p>
</html>
