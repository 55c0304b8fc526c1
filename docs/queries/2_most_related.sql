-- The five stories that others point at most
-- why a warehouse user asks this: to find the stories that keep being referred to, wherever they were published
SELECT
    count(DISTINCT edges.article_id) AS pointed_at_by,
    articles.provider_name AS outlet,
    CASE WHEN length(articles.title) > 60 THEN left(articles.title, 59) || '…'
         ELSE articles.title END AS story
FROM related AS edges
JOIN articles
    ON edges.related_article_id = articles.article_id
GROUP BY articles.article_id, articles.provider_name, articles.title
ORDER BY pointed_at_by DESC, articles.title
LIMIT 5;
