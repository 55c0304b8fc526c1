-- The daily mart has every story of the warehouse, and each once.
select marts.articles, stories.articles as expected
from (select sum(articles) as articles from {{ ref('daily_articles_by_provider') }}) as marts,
    (select count(*) as articles from {{ source('presslake', 'articles') }}) as stories
where marts.articles <> stories.articles
